"""A snapshot as a file: made from the document behind the link alone, so it holds what the link shows and no more."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def export_json(document: Mapping[str, Any], exchanges: Sequence[Mapping[str, Any]]) -> str:
    """Return the snapshot as JSON: its document, and the exchanges by number."""
    return json.dumps({**document, "exchanges": list(exchanges)}, ensure_ascii=False, indent=2) + "\n"


def export_markdown(document: Mapping[str, Any]) -> str:
    """Return the messages as Markdown, each under its role: what all columns begin with once, then what each has alone."""
    return "\n\n".join(_markdown(document)) + "\n"


def _markdown(document: Mapping[str, Any]) -> Iterator[str]:
    columns = document["columns"]
    messages = document["messages"]
    if document["title"]:
        yield f"# {document['title']}"
    one_system = len({column["system"] for column in columns}) == 1
    if one_system:
        yield from _system(columns[0])
    common = _common([column["branch"] for column in columns])
    for number in common:
        yield from _message(messages[number])
    if len(columns) == 1:
        return
    for at, column in enumerate(columns):
        yield f"# {chr(ord('A') + at)} · {column['model']}"
        if not one_system:
            yield from _system(column)
        for number in column["branch"][len(common) :]:
            yield from _message(messages[number])


def _common(branches: Sequence[Sequence[int]]) -> Sequence[int]:
    """Return what all branches begin with."""
    first = branches[0]
    for length, number in enumerate(first):
        if any(len(branch) <= length or branch[length] != number for branch in branches):
            return first[:length]
    return first


def _system(column: Mapping[str, Any]) -> Iterator[str]:
    if column["system"]:
        yield from ("## system", column["system"])


def _message(message: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {message['role']}"
    yield from filter(None, map(_part, message["parts"]))
    for call in message["tool_calls"]:
        yield f"```json\n{json.dumps(call, ensure_ascii=False, indent=2)}\n```"


def _part(part: Mapping[str, Any]) -> str:
    match part["type"]:
        case "text" | "refusal":
            return str(part["text"])
        case "file":
            return f"[{part['name'] or part['mime']}]"
        case "other":
            return f"```json\n{json.dumps(part['part'], ensure_ascii=False, indent=2)}\n```"
        case _:
            return f"[{part['kind']}]"
