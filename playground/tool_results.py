"""The results of tools as a page posts them: a JSON list of `{"call": position, "content": text}`."""

import json
from typing import Any, Final

from conversations.services import ToolResult

RESULTS_MAX: Final = 128  # an answer cannot call more tools than were offered, and seldom one twice


def results_read(text: str) -> tuple[ToolResult, ...]:
    """Return what a page posted; nothing where it makes no sense, which no run is opened for."""
    try:
        posted = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(posted, list) or len(posted) > RESULTS_MAX or not all(map(_is_result, posted)):
        return ()
    found = {each["call"]: ToolResult(each["call"], each["content"].replace("\r\n", "\n")) for each in posted}
    return tuple(found.values())


def _is_result(each: Any) -> bool:
    return isinstance(each, dict) and type(each.get("call")) is int and isinstance(each.get("content"), str)
