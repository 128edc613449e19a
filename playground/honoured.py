"""Sent against honoured: what an answer shows that its request asked for and did not get.

Pure: a request body and an assembled response in, findings out. Each finding is a code with its values; the sentences
are in `playground.honoured_words`. Only what the answer itself shows is found: silence proves nothing. That no function was
called is said as a fact: whether a model ignores them, as small local ones do, its reader sees by then.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import orjson

Finding: TypeAlias = tuple[str, Mapping[str, Any]]

LIMITS: Final = ("max_completion_tokens", "max_tokens")
CUT: Final = frozenset({"length", "max_tokens"})
"""Finish reasons of answers that were cut: their JSON may be broken rightly."""


def findings(body: bytes, response: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Return what a completed answer did not honour, in the order of the checks below."""
    asked = _object(body)
    choices = [choice for choice in _items(response.get("choices")) if isinstance(choice, Mapping)]
    if not asked or not choices:
        return ()
    checks = (
        _model(asked, response),
        _count(asked, choices),
        _seed(asked, response),
        _logprobs(asked, choices),
        _format(asked, choices),
        _length(asked, response, len(choices)),
        _tools(asked, choices),
        _stop(asked, choices),
        _tier(asked, response),
        _voice(asked, choices),
        _usage(asked, response),
    )
    return tuple(finding for check in checks for finding in check)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _model(asked: Mapping[str, Any], response: Mapping[str, Any]) -> Iterator[Finding]:
    wanted, given = asked.get("model"), response.get("model")
    if isinstance(wanted, str) and isinstance(given, str) and given and given != wanted:
        yield "model", {"asked": wanted, "given": given}


def _count(asked: Mapping[str, Any], choices: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    wanted = _whole(asked.get("n"))
    if wanted is not None and wanted > 1 and len(choices) != wanted:
        yield "n", {"asked": wanted, "given": len(choices)}


def _seed(asked: Mapping[str, Any], response: Mapping[str, Any]) -> Iterator[Finding]:
    if asked.get("seed") is not None and not response.get("system_fingerprint"):
        yield "seed", {}


def _logprobs(asked: Mapping[str, Any], choices: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    if asked.get("logprobs") is not True:
        return
    given = [choice.get("logprobs") for choice in choices]
    tokens = [
        token
        for each in given
        if isinstance(each, Mapping)
        for token in (*_items(each.get("content")), *_items(each.get("refusal")))
        if isinstance(token, Mapping)
    ]
    if not any(isinstance(each, Mapping) and any(each.values()) for each in given):
        yield "logprobs", {}
        return
    wanted = _whole(asked.get("top_logprobs")) or 0
    if wanted > 0 and tokens and not any(token.get("top_logprobs") for token in tokens):
        yield "top_logprobs", {}


def _format(asked: Mapping[str, Any], choices: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    wanted = asked.get("response_format")
    kind = wanted.get("type") if isinstance(wanted, Mapping) else None
    if kind in ("json_object", "json_schema") and any(map(_is_no_json, choices)):
        yield "response_format", {"type": kind}


def _is_no_json(choice: Mapping[str, Any]) -> bool:
    """Whether a choice that came to its end has content, and that is no JSON."""
    content = _message(choice).get("content")
    if not isinstance(content, str) or not content.strip() or choice.get("finish_reason") in CUT:
        return False
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return True
    return False


def _length(asked: Mapping[str, Any], response: Mapping[str, Any], choices: int) -> Iterator[Finding]:
    usage = response.get("usage")
    given = _whole(usage.get("completion_tokens")) if isinstance(usage, Mapping) else None
    for name in LIMITS:
        limit = _whole(asked.get(name))
        if limit is not None and limit > 0 and given is not None and given > limit * choices:
            yield "length", {"name": name, "asked": limit, "given": given}


def _tools(asked: Mapping[str, Any], choices: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    calls = [call for choice in choices for call in _calls(choice)]
    wanted = asked.get("tool_choice")
    named = _function_name(wanted) if isinstance(wanted, Mapping) else ""
    if asked.get("tools") and (wanted == "required" or named) and not calls:
        yield "tool_choice", {"asked": named or "required"}
    elif named and calls and all(_function_name(call) != named for call in calls):
        yield "tool_choice", {"asked": named}
    if wanted == "none" and calls:
        yield "tool_none", {}
    if not calls and wanted in (None, "auto") and (offered := _offered(asked)) and not _used(asked, choices):
        yield "tools", {"given": offered}
    if asked.get("parallel_tool_calls") is False and any(len(list(_calls(each))) > 1 for each in choices):
        yield "parallel_tool_calls", {}


def _offered(asked: Mapping[str, Any]) -> int:
    """Return how many functions a request offers."""
    tools = [tool for tool in _items(asked.get("tools")) if isinstance(tool, Mapping)]
    legacy = [function for function in _items(asked.get("functions")) if isinstance(function, Mapping)]
    return sum(1 for tool in tools if _function_name(tool)) + sum(1 for each in legacy if each.get("name"))


def _used(asked: Mapping[str, Any], choices: Sequence[Mapping[str, Any]]) -> bool:
    """Whether functions were called before, or are called in the old way now."""
    messages = [each for each in _items(asked.get("messages")) if isinstance(each, Mapping)]
    said = [*messages, *map(_message, choices)]
    return any(each.get("tool_calls") or each.get("function_call") for each in said)


def _calls(choice: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for call in _items(_message(choice).get("tool_calls")):
        if isinstance(call, Mapping):
            yield call


def _function_name(value: Mapping[str, Any]) -> str:
    function = value.get("function")
    name = function.get("name") if isinstance(function, Mapping) else None
    return name if isinstance(name, str) else ""


def _stop(asked: Mapping[str, Any], choices: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    wanted = asked.get("stop")
    sequences = wanted if isinstance(wanted, list) else [wanted]
    contents = [_message(choice).get("content") for choice in choices]
    said = next(
        (
            each
            for each in sequences
            if isinstance(each, str)
            and each
            and any(isinstance(text, str) and each in text for text in contents)
        ),
        None,
    )
    if said is not None:
        yield "stop", {"asked": said}


def _tier(asked: Mapping[str, Any], response: Mapping[str, Any]) -> Iterator[Finding]:
    wanted, given = asked.get("service_tier"), response.get("service_tier")
    if isinstance(wanted, str) and isinstance(given, str) and wanted != "auto" and given not in ("", wanted):
        yield "service_tier", {"asked": wanted, "given": given}


def _voice(asked: Mapping[str, Any], choices: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    wanted = asked.get("modalities")
    messages = [_message(choice) for choice in choices]
    spoken = any(message.get("audio") or message.get("tool_calls") for message in messages)
    if isinstance(wanted, list) and "audio" in wanted and not spoken:
        yield "audio", {}


def _usage(asked: Mapping[str, Any], response: Mapping[str, Any]) -> Iterator[Finding]:
    options = asked.get("stream_options")
    wanted = isinstance(options, Mapping) and options.get("include_usage") is True
    if wanted and asked.get("stream") is True and not response.get("usage"):
        yield "include_usage", {}


def _message(choice: Mapping[str, Any]) -> Mapping[str, Any]:
    message = choice.get("message")
    return message if isinstance(message, Mapping) else {}


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
