"""A branch of a conversation as Markdown, to be read by people."""

import re
from collections.abc import Iterable
from typing import Any

from upstream.formats.records import MessageRecord


def markdown(messages: Iterable[MessageRecord], *, title: str, system: str, model: str) -> str:
    """Return the messages, each under its role; reasoning as a quote, tool calls as JSON, attachments as links."""
    parts = [f"# {_line(title)}"] if title else []
    if model:
        parts.append(f"Model: `{_line(model)}`")
    if system:
        parts += ["## system", system.strip()]
    for message in messages:
        parts.append(f"## {message.role}" + (f" ({_line(message.name)})" if message.name else ""))
        if message.reasoning:
            parts.append("\n".join(f"> {line}".rstrip() for line in message.reasoning.strip().splitlines()))
        parts += [text for part in message.content if (text := _part(part))]
        parts += [_call(call) for call in message.tool_calls if isinstance(call, dict)]
    return "\n\n".join(parts) + "\n"


def _part(part: Any) -> str:
    if not isinstance(part, dict):
        return ""
    kind = part.get("type")
    match kind:
        case "text" | "refusal":
            return str(part.get(kind) or "").strip()
        case "image_url":
            inner = part.get(kind)
            address = str(inner.get("url") or "") if isinstance(inner, dict) else ""
            # A picture's bytes would drown the text.
            return f"![image]({address})" if address.startswith(("http://", "https://")) else "*[image]*"
    return f"*[{_line(str(kind))}]*"


def _call(call: dict[str, Any]) -> str:
    function = call.get("function") if isinstance(call.get("function"), dict) else {}
    arguments = str((function or {}).get("arguments") or "")
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", arguments))])
    return f"Calls `{_line(str((function or {}).get('name') or ''))}`:\n\n{fence}json\n{arguments}\n{fence}"


def _line(text: str) -> str:
    return " ".join(text.replace("`", "'").split())
