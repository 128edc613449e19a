"""An answer that goes on from a beginning which the conversation holds already."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

ASSISTANT: Final = b'"assistant"'


def begun_in(body: bytes) -> str:
    """Return the text of the assistant's message that a request ends with, "" where it ends otherwise.

    A model goes on from it. Some servers (llama.cpp) repeat it at the beginning of a plain response; in a stream they send
    what is new.
    """
    if ASSISTANT not in body:
        return ""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    messages = document.get("messages") if isinstance(document, Mapping) else None
    last = messages[-1] if isinstance(messages, list) and messages else None
    if not isinstance(last, Mapping) or last.get("role") != "assistant":
        return ""
    return _text(last.get("content"))


def _text(content: Any) -> str:
    """Return a message's content as text: a string, or its text parts, joined."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = (part.get("text") for part in parts if isinstance(part, Mapping))
    return "".join(text for text in texts if isinstance(text, str))
