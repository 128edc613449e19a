"""What a person does in the Share dialog, and what a reader finds behind the link."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator, Page, expect

from tests.chromium import PATIENCE
from tests.served import ServedProcess


@dataclass(frozen=True, slots=True)
class ShareDialog:
    """The dialog behind Share."""

    page: Page

    def open(self) -> "ShareDialog":
        """Press Share; wait until the preview has come."""
        self.page.get_by_role("button", name="Share", exact=True).click()
        expect(self.preview.get_by_role("heading", name="What the reader gets")).to_be_visible()
        return self

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog", name="Share this conversation")

    @property
    def preview(self) -> Locator:
        return self.dialog.get_by_role("region", name="Preview")

    def leave_out(self, part: str) -> None:
        """Take a part out; wait until the preview has been made anew."""
        with self.page.expect_response(lambda answer: answer.url.endswith("/share/preview/")):
            self.dialog.get_by_label(part).uncheck()

    def put_in(self, part: str) -> None:
        """Put a part in; wait until the preview has been made anew."""
        with self.page.expect_response(lambda answer: answer.url.endswith("/share/preview/")):
            self.dialog.get_by_label(part).check()

    def create(self) -> str:
        """Make the link; return it."""
        self.dialog.get_by_role("button", name="Create link").click()
        expect(self.dialog.get_by_text("The link is ready.")).to_be_visible()
        return self.dialog.get_by_label("Link", exact=True).first.input_value()


@dataclass
class Reader:
    """Somebody without an account, in a browser of their own; `asked` are all addresses that it asked for."""

    page: Page
    asked: list[str] = field(default_factory=list)

    def strangers(self, server: ServedProcess) -> list[str]:
        """Return what was asked of anybody but this server."""
        own = urlsplit(server.url).netloc
        return [url for url in self.asked if urlsplit(url).netloc != own]


@contextmanager
def reader(chromium: Browser, **options: Any) -> Iterator[Reader]:
    """Open a fresh context; it ends with the block."""
    context = chromium.new_context(
        **{"viewport": {"width": 1440, "height": 900}, "locale": "en-US"} | options
    )
    context.set_default_timeout(PATIENCE)
    made = Reader(context.new_page())
    made.page.on("request", lambda request: made.asked.append(request.url))
    made.page.on("websocket", lambda socket: made.asked.append(socket.url))
    try:
        yield made
    finally:
        context.close()
