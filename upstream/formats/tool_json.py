"""Tools from pasted JSON: OpenAI's list, a single function, Anthropic's, Gemini's, MCP's, or a whole request body."""

import json
from collections.abc import Iterator
from typing import Any, Final

from upstream.formats.tool_faults import TOOLS_MAX, NotTools, text_check

_SCHEMA_KEYS: Final = ("parameters", "input_schema", "inputSchema", "parametersJsonSchema")
_LISTS: Final = ("tools", "functions", "functionDeclarations", "function_declarations")
DEPTH_MAX: Final = 100
"""Levels of nesting in what is pasted: deeper than schemas people write, within every reader's reach."""


def tools_from_json(text: str) -> list[dict[str, Any]]:
    """Return the tools of a JSON text in the shape of `tools`; raises NotTools.

    What is no function (a built-in tool of some provider) is kept as it is.
    """
    text_check(text)
    try:
        value = json.loads(text, parse_constant=_refuse)
    except ValueError as error:
        raise NotTools("not_json", getattr(error, "msg", ""), getattr(error, "lineno", 0)) from error
    except RecursionError as error:
        raise NotTools("too_deep") from error
    if depth_of(value) > DEPTH_MAX:
        raise NotTools("too_deep")
    tools = list(_tools(value))
    if not tools:
        raise NotTools("no_tools")
    if len(tools) > TOOLS_MAX:
        raise NotTools("too_many")
    return tools


def _tools(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for item in value:
            yield from _tools(item)
        return
    if not isinstance(value, dict):
        return
    lists = [value[name] for name in _LISTS if isinstance(value.get(name), list)]
    if lists:
        for each in lists:
            yield from _tools(each)
    elif isinstance(value.get("function"), dict):
        yield {**value, "type": value.get("type") or "function"}
    elif isinstance(value.get("name"), str) and (
        any(key in value for key in _SCHEMA_KEYS) or "description" in value or len(value) == 1
    ):
        yield {"type": "function", "function": _function(value)}
    elif isinstance(value.get("type"), str) and "properties" not in value:
        yield value  # a tool of the provider's own, such as a web search


def _function(value: dict[str, Any]) -> dict[str, Any]:
    """Return a function in OpenAI's words, whichever API's words it came in."""
    function: dict[str, Any] = {"name": value["name"]}
    if isinstance(value.get("description"), str):
        function["description"] = value["description"]
    schema = next((value[key] for key in _SCHEMA_KEYS if isinstance(value.get(key), dict)), None)
    if schema is not None:
        function["parameters"] = schema
    if isinstance(value.get("strict"), bool):
        function["strict"] = value["strict"]
    return function


def depth_of(value: Any) -> int:
    """Return how many containers lie within each other; 0 for a scalar. Does not recurse."""
    depth, level = 0, [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        level = [child for item in level for child in (item.values() if isinstance(item, dict) else item)]
    return depth


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
