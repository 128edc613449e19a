"""What a person does in the composer besides typing."""

import base64
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from tests.browser.workbench import Workbench
from tests.chromium import PATIENCE
from tests.served import wait_for

_FILES = """(files) => {
  const transfer = new DataTransfer();
  for (const { name, mime, data } of files) {
    const bytes = Uint8Array.from(atob(data), (each) => each.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type: mime }));
  }
  return transfer;
}"""


@dataclass(frozen=True, slots=True)
class Composer:
    """The composer of a page."""

    bench: Workbench

    @property
    def page(self) -> Page:
        return self.bench.page

    @property
    def chips(self) -> Locator:
        return self.page.get_by_role("list", name="Attachments").get_by_role("listitem")

    @property
    def role(self) -> Locator:
        return self.page.get_by_role("combobox", name="Role")

    @property
    def add_button(self) -> Locator:
        return self.page.get_by_role("button", name="Add", exact=True)

    def choose(self, *files: tuple[str, str, bytes]) -> None:
        """Attach files (name, type, content) by choosing them."""
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name="Attach", exact=True).click()
        payloads = [{"name": name, "mimeType": mime, "buffer": data} for name, mime, data in files]
        chooser.value.set_files(payloads)  # type: ignore[arg-type]  # Playwright's own dictionaries

    def paste(self, *files: tuple[str, str, bytes]) -> None:
        """Paste files into the message."""
        transfer = self._transfer(files)
        self.bench.message.evaluate(
            "(field, data) => field.dispatchEvent(new ClipboardEvent('paste', "
            "{ clipboardData: data, bubbles: true, cancelable: true }))",
            transfer,
        )

    def drag_over(self, *files: tuple[str, str, bytes]) -> object:
        """Drag files over the page; return what is dragged."""
        transfer = self._transfer(files)
        self.page.locator("body").dispatch_event("dragenter", {"dataTransfer": transfer})
        self.page.locator("body").dispatch_event("dragover", {"dataTransfer": transfer})
        return transfer

    def drop(self, dragged: object) -> None:
        """Let go of what is dragged."""
        self.page.locator("body").dispatch_event("drop", {"dataTransfer": dragged})

    def _transfer(self, files: tuple[tuple[str, str, bytes], ...]) -> object:
        return self.page.evaluate_handle(
            _FILES,
            [
                {"name": name, "mime": mime, "data": base64.b64encode(data).decode()}
                for name, mime, data in files
            ],
        )

    def more(self, item: str) -> None:
        """Choose something for this message from the menu."""
        self.page.get_by_label("More for this message").click()
        self.page.get_by_role("button", name=item).click()

    def image_by_url(self, url: str) -> None:
        """Attach an image by its address."""
        self.more("Image by URL")
        self.page.get_by_label("Image by URL").fill(url)
        self.page.get_by_role("button", name="Add image").click()

    def write(self, role: str, text: str) -> None:
        """Put a message into the conversation without running."""
        count = self.page.get_by_role("article").count()
        self.role.select_option(role)
        self.bench.message.fill(text)
        self.add_button.click()
        expect(self.page.get_by_role("article")).to_have_count(count + 1)


def length_of(audio: Locator) -> float:
    """Return the seconds of a sound on the page once Chromium has read that much of it; fail when it cannot."""

    def length() -> float:
        seconds: float = audio.evaluate(
            """audio => {
              if (audio.error) throw new Error(`${audio.currentSrc}: ${audio.error.message}`);
              return audio.readyState < audio.HAVE_METADATA ? 0 : audio.duration;
            }"""
        )
        return seconds

    found: float = wait_for(length, within=PATIENCE / 1000, what="the sound's length")
    return found
