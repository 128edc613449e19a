"""A snapshot as a file: made from the document behind the link alone, so it holds what the link shows and no more."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def export_json(document: Mapping[str, Any], exchanges: Sequence[Mapping[str, Any]]) -> str:
    """Return the snapshot as JSON: its document, and the exchanges by number."""
    return json.dumps({**document, "exchanges": list(exchanges)}, ensure_ascii=False, indent=2) + "\n"


def export_markdown(document: Mapping[str, Any]) -> str:
    """Return the messages as Markdown, each under its role; several columns one after the other."""
    return "\n\n".join(_markdown(document)) + "\n"


def _markdown(document: Mapping[str, Any]) -> Iterator[str]:
    several = len(document["columns"]) > 1
    if document["title"]:
        yield f"# {document['title']}"
    for at, column in enumerate(document["columns"]):
        if several:
            yield f"# {chr(ord('A') + at)} · {column['model']}"
        if column["system"]:
            yield from ("## system", column["system"])
        for number in column["branch"]:
            message = document["messages"][number]
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
