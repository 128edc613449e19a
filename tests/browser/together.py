"""Several people and tabs at one served process, each with a browser of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from playwright.sync_api import Browser, Locator, expect

from tests.attacks.actors import sign_up_open
from tests.browser.workbench import Workbench
from tests.chromium import PATIENCE
from tests.playground.pages import Page as HttpPage
from tests.playground.pages import page_open
from tests.served import ServedProcess


@dataclass(frozen=True, slots=True)
class Seat(Workbench):
    """Somebody at a tab."""

    http: HttpPage

    @property
    def transcript(self) -> Locator:
        return self.page.get_by_role("region", name="Messages")

    @property
    def messages(self) -> Locator:
        return self.transcript.get_by_role("article")

    def open(self, conversation: str) -> None:
        self.page.goto(f"{self.server.url}/conversations/{conversation}/")
        expect(self.transcript).to_be_visible()

    def tab(self) -> "Seat":
        """Open another tab of the same person, at the same address."""
        page = self.page.context.new_page()
        page.goto(self.page.url)
        return replace(self, page=page)

    def expect_texts(self, *texts: str) -> None:
        """Wait until the transcript shows exactly these messages, by words they contain."""
        expect(self.messages).to_have_count(len(texts))
        for number, text in enumerate(texts):
            expect(self.messages.nth(number)).to_contain_text(text)

    def act(self, message: Locator, deed: str) -> None:
        """Choose a deed from a message's menu, at the tab that is in front: in another one frames come once a second."""
        self.page.bring_to_front()
        message.hover()
        message.get_by_label("More actions").click()
        message.get_by_role("button", name=deed, exact=True).click()

    def fill_words(self, text: str, *, role: str = "", label: str = "New message") -> None:
        """Fill in the form for a message's words and save it."""
        field = self.page.get_by_role("textbox", name=label)
        if role:
            self.page.get_by_role("combobox", name="Role of the message").select_option(role)
        field.fill(text)
        self.page.get_by_role("button", name="Save", exact=True).click()
        expect(field).to_be_hidden()

    def toast(self, text: str) -> Locator:
        return self.page.locator("[data-toast]").filter(has_text=text)


@contextmanager
def seated(
    chromium: Browser, server: ServedProcess, people: dict[str, HttpPage], *names: str
) -> Iterator[list[Seat]]:
    """Give each of these people a browser that is signed in; accounts are made once per server."""
    contexts = []
    seats = []
    for name in names:
        if name not in people:
            people[name] = page_open(server, name)
            if len(people) == 1:
                sign_up_open(people[name])
        http = people[name]
        context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
        context.set_default_timeout(PATIENCE)
        context.add_cookies(
            [{"name": key, "value": value, "url": server.url} for key, value in http.client.cookies.items()]
        )
        contexts.append(context)
        seats.append(Seat(context.new_page(), server, http))
    try:
        yield seats
    finally:
        for context in contexts:
            context.close()
