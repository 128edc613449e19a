"""docs/protocol.md names what the code sends and understands: nothing more, nothing less."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conversations.models import Exchange, Message
from playground import frames, kept, server, socket_bounds, socket_messages, stats
from upstream.wire.events import Finished, TextAdded, ToolCallAdded, Update, UsageSeen

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
SOCKET = ast.parse((ROOT / "playground" / "consumers.py").read_text(encoding="utf-8"))


def table(heading: str) -> dict[str, str]:
    """The rows of the first table below a heading: first cell (without backticks) to the whole row."""
    below = PAGE.split(heading, 1)[1]
    rows = re.findall(r"^\| (.+?) \|(.*)\|$", below.split("|\n\n", 1)[0] + "|", re.MULTILINE)
    return {cell.replace("`", ""): f"{cell} {rest}" for cell, rest in rows if not set(cell) <= set("-| ")}


def names(heading: str, *, header: str) -> set[str]:
    return set(table(heading)) - {header}


def calls(name: str) -> Iterator[ast.Call]:
    """Every call of a method of the consumer."""
    for node in ast.walk(SOCKET):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name:
            yield node


def literals(name: str, position: int) -> set[Any]:
    """The literal values that calls of a method pass in one place."""
    passed = [call.args[position] for call in calls(name) if len(call.args) > position]
    return {value.value for value in passed if isinstance(value, ast.Constant)}


def test_the_messages_from_the_page_are_those_that_are_understood() -> None:
    understood = {
        pattern.value.value
        for node in ast.walk(SOCKET)
        if isinstance(node, ast.AsyncFunctionDef) and node.name == "_message"
        for pattern in ast.walk(node)
        if isinstance(pattern, ast.MatchValue) and isinstance(pattern.value, ast.Constant)
    }
    assert understood == names("## From the page", header="type")


def test_the_control_messages_are_those_that_are_sent() -> None:
    sent = {
        keyword.value.value
        for call in calls("_control")
        for keyword in call.keywords
        if keyword.arg == "type" and isinstance(keyword.value, ast.Constant)
    }
    assert sent == names("## To the page: control", header="type")


def test_the_errors_are_those_that_are_sent() -> None:
    assert literals("_refuse", 0) == names("| error `code`", header="error code") - {"meaning"}


def test_the_goodbyes_are_those_that_are_sent() -> None:
    row = table("## To the page: control")["bye"]
    assert literals("_bye", 0) == set(re.findall(r"`(\w+)`", row)) - {"bye", "code"}


def test_the_close_codes_are_those_that_are_sent() -> None:
    codes = literals("_bye", 1) | literals("_close", 0) | {1009}  # 1009 by the server: a message too large
    assert {str(code) for code in codes} == names("## Close codes", header="code")


def every_update() -> Iterator[str]:
    updates: list[Update] = [
        TextAdded(0, "content", "a"),
        TextAdded(0, "reasoning", "a"),
        TextAdded(0, "refusal", "a"),
        ToolCallAdded(0, 0, "id", "name", "{}"),
        Finished(0, "stop"),
        UsageSeen({}),
    ]
    yield frames.updates_encode(updates)
    yield frames.state_encode(Exchange.State.QUEUED)
    yield frames.place_encode(1)
    yield frames.head_encode(status=200, first_byte_ms=None)
    yield frames.end_encode(state="completed", error=None, stats={})
    yield from frames.answers_encode([Message(choice=0)], usage={"a": 1}, limit=10)


def test_the_updates_are_those_that_are_encoded() -> None:
    sent = set(re.findall(r'\["(\w+)",', ",".join(every_update())))
    documented = {re.match(r'\["(\w+)"', cell) for cell in names("| update | meaning |", header="update")}
    documented.discard(None)
    assert sent == {found[1] for found in documented if found}


def test_the_end_names_every_state_figure_and_field() -> None:
    row = next(row for cell, row in table("| update | meaning |").items() if cell.startswith('["end"'))
    ends = set(Exchange.State.values) - set(Exchange.LIVE)
    for name in {*ends, *frames.ERROR_FIELDS, *stats.Stats.__annotations__}:
        assert f"`{name}`" in row


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (socket_bounds.WINDOW, "{:,} unacknowledged bytes"),
        (socket_bounds.SLOW_AFTER, "after {:g} s of that"),
        (socket_bounds.RATE, "{:g} messages a second"),
        (socket_bounds.BURST, "({:g} at once)"),
        (socket_messages.MAX_TEXT, "at most {:,} characters"),
        (socket_bounds.MAX_FOLLOWED, "follow {:g} exchanges"),
        (kept.KEPT_FROM, "numbered from {:,}"),
    ],
)
def test_the_bounds_are_the_real_ones(value: float, words: str) -> None:
    assert words.format(value) in PAGE
    assert server.MAX_MESSAGE > socket_messages.MAX_TEXT * 4
