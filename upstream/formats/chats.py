"""Exports of other chat programs: ChatGPT's conversations.json, and Open WebUI's chats."""

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from upstream.formats.errors import FormatError, messages_counted
from upstream.formats.records import ColumnRecord, ConversationRecord, MessageRecord, messages_bounded

MOST: Final = 5_000
MOST_EPOCH: Final = 1e20
"""Nanoseconds of the year 5138; divided down to seconds, anything smaller is a date."""
_DETAILS: Final = re.compile(r"<details[^>]*type=\"reasoning\"[^>]*>(.*?)</details>\s*", re.DOTALL)
_SUMMARY: Final = re.compile(r"<summary>.*?</summary>\s*", re.DOTALL)


class _Tree:
    """Nodes of another program on their way to messages: what is no message hands its children to its parent."""

    def __init__(self) -> None:
        self.messages: list[MessageRecord] = []
        self.models: dict[str, str] = {}
        self.places: dict[str, str | None] = {}
        """Another program's id → the message that its children hang below."""

    def put(self, node: str, parent: str | None, **said: Any) -> None:
        """Keep a node as a message."""
        made = MessageRecord(id=f"m{len(self.messages) + 1}", parent=self.places.get(parent or ""), **said)
        self.messages.append(made)
        self.places[node] = made.id

    def skip(self, node: str, parent: str | None) -> None:
        """Leave a node out."""
        self.places[node] = self.places.get(parent or "")

    def conversation(
        self, *, title: str, leaf: str, created: str, updated: str, system: str
    ) -> ConversationRecord:
        """Return the tree, with one column that leads to what was shown last."""
        at = self.places.get(leaf) or (self.messages[-1].id if self.messages else None)
        model = next(reversed(self.models.values()), "") if self.models else ""
        settings = {"provider": "", "model": model, "system": system, "parameters": {}}
        columns = (ColumnRecord(at, settings),)
        return ConversationRecord(
            title[:200], tuple(self.messages), columns, created=created, updated=updated
        )


def chatgpt_read(document: Any, left_out: dict[str, int]) -> tuple[ConversationRecord, ...]:
    """Return the conversations of ChatGPT's export; counts in `left_out` what conversations have no place for.

    Raises FormatError: "field", "too_many".
    """
    given = document if isinstance(document, list) else [document]
    if len(given) > MOST:
        raise FormatError("too_many", str(MOST))
    return messages_bounded(_chatgpt_one(each, f"[{at}]", left_out) for at, each in enumerate(given))


def _chatgpt_one(given: Any, where: str, left_out: dict[str, int]) -> ConversationRecord:
    mapping = given.get("mapping") if isinstance(given, dict) else None
    if not isinstance(mapping, dict):
        raise FormatError("field", f"{where}.mapping")
    tree = _Tree()
    thoughts: dict[str, str] = {}
    for key, parent, node in _nodes(mapping, "parent", f"{where}.mapping"):
        message = _map(node.get("message"))
        before = thoughts.pop(parent or "", "")
        role = _role(message)
        parts = _chatgpt_parts(message, left_out) if role else ()
        if not parts:
            thoughts[key] = before + _chatgpt_thoughts(message)
            if not role:
                left_out["messages of tools"] = left_out.get("messages of tools", 0) + _is_tool(message)
            tree.skip(key, parent)
            continue
        tree.put(
            key, parent, role=role, content=parts, reasoning=before if role == "assistant" else "",
            created=_epoch(message.get("create_time")),
        )  # fmt: skip
        model = _map(message.get("metadata")).get("model_slug")
        if role == "assistant" and isinstance(model, str):
            tree.models[key] = model
    return tree.conversation(
        title=_text(given.get("title")),
        leaf=_text(given.get("current_node")),
        created=_epoch(given.get("create_time")),
        updated=_epoch(given.get("update_time")),
        system="",
    )


def _role(message: Mapping[str, Any]) -> str:
    """Return the role of a message that somebody read, "" for all others."""
    role = _map(message.get("author")).get("role")
    hidden = _map(message.get("metadata")).get("is_visually_hidden_from_conversation")
    seen = not hidden and message.get("recipient", "all") == "all"
    return role if role in ("user", "assistant", "system") and seen else ""


def _is_tool(message: Mapping[str, Any]) -> bool:
    return _map(message.get("author")).get("role") == "tool" or message.get("recipient", "all") != "all"


def _chatgpt_parts(message: Mapping[str, Any], left_out: dict[str, int]) -> tuple[dict[str, Any], ...]:
    content = message.get("content")
    if not isinstance(content, dict):
        return ()
    kind = content.get("content_type")
    if kind in ("thoughts", "reasoning_recap", "model_editable_context", "user_editable_context"):
        return ()
    given = content.get("parts") if isinstance(content.get("parts"), list) else [content.get("text")]
    texts: list[str] = []
    for part in given or []:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict) and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif isinstance(part, dict):
            left_out["pictures and files"] = left_out.get("pictures and files", 0) + 1
            texts.append(f"[{_text(part.get('content_type')) or 'file'}]")
    text = "\n\n".join(filter(None, texts))
    return ({"type": "text", "text": text},) if text else ()


def _chatgpt_thoughts(message: Mapping[str, Any]) -> str:
    thoughts = _map(message.get("content")).get("thoughts")
    found = thoughts if isinstance(thoughts, list) else []
    return "".join(f"{_text(each.get('content'))}\n\n" for each in found if isinstance(each, dict))


def open_webui_read(document: Any, left_out: dict[str, int]) -> tuple[ConversationRecord, ...]:
    """Return the chats of an Open WebUI export. Raises FormatError: "field", "too_many"."""
    given = document if isinstance(document, list) else [document]
    if len(given) > MOST:
        raise FormatError("too_many", str(MOST))
    return messages_bounded(_open_webui_one(each, f"[{at}]", left_out) for at, each in enumerate(given))


def _open_webui_one(given: Any, where: str, left_out: dict[str, int]) -> ConversationRecord:
    chat = given.get("chat") if isinstance(given, dict) else None
    history = chat.get("history") if isinstance(chat, dict) else None
    nodes = history.get("messages") if isinstance(history, dict) else None
    if not isinstance(chat, dict) or not isinstance(history, dict) or not isinstance(nodes, dict):
        raise FormatError("field", f"{where}.chat.history.messages")
    tree = _Tree()
    for key, parent, node in _nodes(nodes, "parentId", f"{where}.chat.history.messages"):
        role = node.get("role")
        if role not in ("user", "assistant", "system"):
            tree.skip(key, parent)
            continue
        text = _text(node.get("content"))
        reasoning = "".join(_SUMMARY.sub("", found).strip() for found in _DETAILS.findall(text))
        text = _DETAILS.sub("", text)
        parts: list[dict[str, Any]] = [{"type": "text", "text": text}] if text else []
        parts += _open_webui_images(node.get("files"), left_out)
        tree.put(
            key, parent, role=role, content=tuple(parts), reasoning=reasoning, created=_epoch(node.get("timestamp"))
        )  # fmt: skip
        if role == "assistant" and isinstance(node.get("model"), str):
            tree.models[key] = node["model"]
    params = _map(chat.get("params"))
    return tree.conversation(
        title=_text(given.get("title")) or _text(chat.get("title")),
        leaf=_text(history.get("currentId")),
        created=_epoch(given.get("created_at")),
        updated=_epoch(given.get("updated_at")),
        system=_text(params.get("system")) or _text(chat.get("system")),
    )


def _open_webui_images(files: Any, left_out: dict[str, int]) -> Iterator[dict[str, Any]]:
    for file in files if isinstance(files, list) else ():
        url = _text(file.get("url")) if isinstance(file, dict) else ""
        if (
            isinstance(file, dict)
            and file.get("type") == "image"
            and url.startswith(("data:image/", "https://"))
        ):
            yield {"type": "image_url", "image_url": {"url": url}}
        else:
            left_out["pictures and files"] = left_out.get("pictures and files", 0) + 1


def _nodes(
    nodes: Mapping[str, Any], above: str, where: str
) -> Iterable[tuple[str, str | None, Mapping[str, Any]]]:
    """Yield (id, parent's id, node), each parent before its children; a parent that is not there is none.

    Raises FormatError ("field") where a node is no object or is above itself.
    """
    messages_counted(len(nodes))
    children: dict[str | None, list[str]] = {}
    for key, node in nodes.items():
        if not isinstance(node, dict):
            raise FormatError("field", f"{where}.{key[:60]}")
        parent = node.get(above)
        children.setdefault(parent if isinstance(parent, str) and parent in nodes else None, []).append(key)
    found: list[tuple[str, str | None, Mapping[str, Any]]] = []
    level: list[tuple[str, str | None]] = [(key, None) for key in children.get(None, [])]
    for key, parent in level:
        found.append((key, parent, nodes[key]))
        level += [(child, key) for child in children.get(key, [])]
    if len(found) != len(nodes):
        raise FormatError("field", where)
    return found


def _epoch(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < MOST_EPOCH:
        return ""
    # Open WebUI has had seconds, milliseconds and nanoseconds.
    while value > 100_000_000_000:
        value /= 1000
    return datetime.datetime.fromtimestamp(value, tz=datetime.UTC).isoformat()


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
