"""What a person does with tools in the workbench, in the words of the page, and an upstream that calls them."""

import json
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.workbench import Workbench
from tests.replies import Stream, ToolCall

WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
TIME: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "get_time",
        "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]},
    },
}

THREE_STEPS = (
    Stream(
        text=(),
        tool_calls=(
            ToolCall("get_weather", ('{"ci', 'ty": "Paris"}'), "call_1"),
            ToolCall("get_weather", ('{"city": "Oslo"}',), "call_2"),
        ),
    ),
    Stream(text=(), tool_calls=(ToolCall("get_time", ('{"zone": "CET"}',), "call_3"),)),
    Stream(text=["Sunny in Paris, snow in Oslo, noon in both."]),
)
"""Two calls at once, one more, then words."""


AIMOCK_STEPS: list[dict[str, Any]] = [
    {
        "match": {"toolResultContains": "noon"},
        "response": {"content": "Sunny in Paris, snow in Oslo, noon in both."},
    },
    {
        "match": {"toolResultContains": "cloudy"},
        "response": {"toolCalls": [{"name": "get_time", "arguments": {"zone": "CET"}}]},
        "chunkSize": 4,
    },
    {
        "match": {"userMessage": "Weather"},
        "response": {
            "toolCalls": [
                {"name": "get_weather", "arguments": {"city": "Paris"}},
                {"name": "get_weather", "arguments": {"city": "Oslo"}},
            ]
        },
        "chunkSize": 4,
    },
]
"""The same three steps, for an upstream that looks at the last result."""


def provider(name: str, base_url: str) -> dict[str, Any]:
    return {"name": name, "base_url": base_url, "api": "openai-chat", "auth": "none", "models": ["m"]}


@dataclass(frozen=True, slots=True)
class ToolsDesk:
    """The parts of the page that are about tools."""

    bench: Workbench

    @property
    def page(self) -> Page:
        return self.bench.page

    def choose_local(self) -> None:
        """Choose the built-in local model with its own name."""
        self._provider("Local model")

    def choose(self, name: str) -> None:
        """Choose a provider and the model "m"; return once its parameter rows are there."""
        self._provider(name)
        self.page.get_by_role("combobox", name="Model").fill("m")

    def _provider(self, name: str) -> None:
        provider = self.page.get_by_role("combobox", name="Provider")
        if provider.locator("option:checked").inner_text().strip() != name:
            self.page.locator("[data-parameter-panel]").evaluate("panel => panel.dataset.old = ''")
            provider.select_option(label=name)
            expect(self.page.locator("[data-parameter-panel][data-old]")).to_have_count(0)

    def offer(self, *tools: dict[str, Any]) -> None:
        """Send these tools with every run from now on."""
        self.parameter("tools", json.dumps(list(tools)))

    def parameter(self, name: str, source: str) -> None:
        """Set a parameter to JSON source text through its row."""
        panel = self.page.get_by_role("region", name="Parameters")
        panel.get_by_role("searchbox", name="Find a parameter").fill(name)
        panel.get_by_role("switch", name=f"Send {name}", exact=True).check()
        panel.get_by_label(name, exact=True).fill(source)
        panel.get_by_role("searchbox", name="Find a parameter").fill("")

    def tools_open(self) -> Locator:
        """Open the dialog "Tools"; return it."""
        self.page.locator(".panel__ways").get_by_role("button", name="Tools", exact=True).click()
        return self.page.get_by_role("dialog", name="Tools")

    def format_open(self) -> Locator:
        """Open the dialog "Structured output"; return it."""
        self.page.locator(".panel__ways").get_by_role("button", name="Structured output", exact=True).click()
        return self.page.get_by_role("dialog", name="Structured output")

    @property
    def results(self) -> Locator:
        return self.page.get_by_role("form", name="Results of tools")

    def result(self, name: str, *, nth: int = 0) -> Locator:
        """Return the box for the result of the nth call of a function."""
        return self.results.get_by_label(f"Result of {name}").nth(nth)

    def send_results(self) -> None:
        self.results.get_by_role("button", name="Send results").click()

    @property
    def tool_messages(self) -> Locator:
        return self.page.get_by_role("article", name="Tool message")

    def auto_mock(self, place: Locator) -> Locator:
        return place.get_by_role("switch", name="Auto-mock")

    def mock_save(self, name: str, result: str, *, match: str = "Any arguments", arguments: str = "") -> None:
        """Add a saved result in the dialog, which is open."""
        dialog = self.page.get_by_role("dialog", name="Saved mocks")
        new = dialog.locator('[data-mock="new"]')
        if new.get_attribute("open") is None:
            new.locator("summary").click()
        new.get_by_label("Function").fill(name)
        new.get_by_label("Answers").select_option(label=match)
        new.get_by_label("Arguments", exact=True).fill(arguments)
        new.get_by_label("Result", exact=True).fill(result)
        new.get_by_role("button", name="Save").click()
        expect(new).not_to_have_attribute("open", "")
        expect(dialog.locator("summary", has_text=name).last).to_be_visible()
