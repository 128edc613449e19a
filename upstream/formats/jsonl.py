"""JSON lines in the format of OpenAI's fine-tuning: a line for each conversation."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from upstream.formats.errors import FormatError
from upstream.formats.records import ConversationRecord, messages_bounded
from upstream.formats.requests import Asked, body_read, tree_of

MOST_LINES = 5_000


def jsonl_line(messages: Iterable[Mapping[str, Any]], *, parameters: Mapping[str, str]) -> str:
    """Return one training example: the messages, and the tools if there are any."""
    members = {"messages": json.dumps(list(messages), ensure_ascii=False)}
    for name in ("tools", "parallel_tool_calls", "functions"):
        if name in parameters:
            # The source may be laid out over lines.
            members[name] = json.dumps(json.loads(parameters[name]), ensure_ascii=False)
    return "{" + ", ".join(f'"{name}": {text}' for name, text in members.items()) + "}\n"


def jsonl_read(text: str) -> tuple[ConversationRecord, ...]:
    """Return the conversations of JSON lines. Raises FormatError, with the line as `where`."""
    lines = [(at, line) for at, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if len(lines) > MOST_LINES:
        raise FormatError("too_many", str(MOST_LINES))
    return messages_bounded(_line_read(at, line) for at, line in lines)


def _line_read(at: int, line: str) -> ConversationRecord:
    try:
        return tree_of([Asked(body_read(line))])
    except FormatError as error:
        where = f"{at}: {error.where}" if error.code == "field" else str(at)
        raise FormatError(error.code, where) from error
