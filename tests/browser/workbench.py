"""What a person does in the workbench, in the words of the page: the accessible names are the contract."""

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from tests.chromium import PATIENCE
from tests.served import PASSWORD, ServedProcess

MODEL_PATIENCE = 90_000  # ms; a small real model on a busy machine


@dataclass(frozen=True, slots=True)
class Workbench:
    """A page on a served process."""

    page: Page
    server: ServedProcess

    def sign_up(self, name: str = "alice") -> None:
        """Make an account through the page; ends in the workbench."""
        page = self.page
        page.goto(f"{self.server.url}/accounts/signup/")
        page.get_by_label("Username").fill(name)
        page.get_by_label("Email").fill(f"{name}@example.com")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_label("Password (again)").fill(PASSWORD)
        page.get_by_role("button", name="Sign up").click()
        expect(self.message).to_be_visible()

    def sign_in(self, name: str = "alice") -> None:
        """Sign in through the page; ends where the page leads."""
        page = self.page
        page.goto(f"{self.server.url}/accounts/login/")
        page.get_by_role("textbox", name=re.compile("Username|Email|Login", re.I)).first.fill(name)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(self.message).to_be_visible()

    @property
    def message(self) -> Locator:
        return self.page.get_by_role("textbox", name="Message")

    @property
    def send_button(self) -> Locator:
        return self.page.get_by_role("button", name="Send", exact=True)

    @property
    def stop_button(self) -> Locator:
        return self.page.get_by_role("button", name=re.compile("^Stop"))

    @property
    def questions(self) -> Locator:
        return self.page.get_by_role("article", name="User message")

    @property
    def answers(self) -> Locator:
        return self.page.get_by_role("article", name="Assistant message")

    @property
    def inspector(self) -> Locator:
        return self.page.get_by_role("region", name="Inspector")

    def choose(self, provider: str, model: str) -> None:
        """Choose a provider and type a model's name."""
        self.choose_provider(provider)
        self.page.get_by_role("combobox", name="Model").fill(model)

    def choose_provider(self, provider: str) -> None:
        """Choose a provider; ends when the page shows its parameters and has named a model of its."""
        self.page.locator("[data-parameter-panel]").evaluate("panel => panel.dataset.old = ''")
        self.page.get_by_role("combobox", name="Provider").select_option(label=provider)
        expect(self.page.locator("[data-parameter-panel][data-old]")).to_have_count(0)

    def say(self, text: str) -> None:
        """Send a message; it stands in the transcript then, and the last answer is the one to it."""
        said = self.questions.count()
        self.attempt(text)
        expect(self.questions).to_have_count(said + 1)

    def attempt(self, text: str) -> None:
        """Type a message and press Send, whatever comes of it."""
        self.message.fill(text)
        self.send_button.click()

    def expect_state(self, state: str, *, nth: int = -1, timeout: float = PATIENCE) -> Locator:
        """Wait until an answer (the last one unless told otherwise) is in this state; return it."""
        answer = self.answers.last if nth == -1 else self.answers.nth(nth)
        expect(answer).to_have_attribute("data-state", state, timeout=timeout)
        return answer

    def inspect(self, tab: str) -> Locator:
        """Open the inspector at a tab; return its panel."""
        if not self.inspector.is_visible():
            self.page.get_by_role("button", name="Inspector", exact=True).click()
        self.inspector.get_by_role("tab", name=re.compile(f"^{tab}")).click()
        return self.inspector.get_by_role("tabpanel")
