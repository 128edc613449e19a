"""What a person does in the inspector, in the words of the page."""

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from playwright.sync_api import Locator

from tests.browser.workbench import Workbench
from tests.fakes import Http
from tests.steps import Step

Alternatives = dict[str, float]


@dataclass(frozen=True, slots=True)
class Inspecting:
    """The inspector of a workbench."""

    bench: Workbench

    @property
    def panel(self) -> Locator:
        return self.bench.inspector.get_by_role("tabpanel")

    @property
    def events(self) -> Locator:
        return self.panel.locator("li.event")

    @property
    def slider(self) -> Locator:
        return self.panel.get_by_role("slider", name="Position in the stream")

    @property
    def shown(self) -> Locator:
        """The text of the answer as it is shown, past or present."""
        return self.bench.answers.last.locator(".prose:not([hidden])")

    def event(self, number: int) -> Locator:
        return self.panel.locator(f'li[data-event="{number}"]')

    def token(self, text: str) -> Locator:
        return self.panel.get_by_role("group", name="Tokens of the answer").get_by_text(text, exact=True)


def tokens_reply(tokens: Iterable[tuple[str, Alternatives]]) -> Http:
    """Stream tokens, each with the probability of itself and of what could have stood there."""

    def steps() -> Iterator[Step]:
        for text, shares in tokens:
            top = [
                {"token": each, "logprob": math.log(share), "bytes": list(each.encode())}
                for each, share in shares.items()
            ]
            entry = next(each for each in top if each["token"] == text) | {"top_logprobs": top}
            choice = {"index": 0, "delta": {"content": text}, "logprobs": {"content": [entry]}}
            document = {
                "id": "x",
                "object": "chat.completion.chunk",
                "choices": [choice | {"finish_reason": None}],
            }
            yield b"data: " + json.dumps(document).encode() + b"\n\n"
        yield b"data: [DONE]\n\n"

    return Http(200, list(steps()), content_type="text/event-stream")
