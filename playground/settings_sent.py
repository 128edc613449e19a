"""The settings that an exchange was sent with, read back from the bytes of its body."""

import json
from typing import Any

from conversations import selectors
from conversations.models import Exchange
from playground.body_json import body_read
from upstream import catalog


def settings_sent(sent: Exchange) -> dict[str, Any]:
    """Return the settings of an exchange in the shape of a column's; parameters keep their spelling.

    Raises `InvalidBody` where its body is no JSON object.
    """
    reading = body_read(
        api=catalog.api(sent.api), text=sent.body, model="", messages=(), parameters={"messages": "[]"}
    )
    parameters = dict(reading.parameters)
    return {
        "provider": str(sent.provider_id or ""),
        "model": reading.model,
        "system": _system(sent, parameters.pop("messages", "[]")),
        "parameters": parameters,
    }


def _system(sent: Exchange, source: str) -> str:
    """Return the system prompt that an exchange was sent with, "" where it was a message of the conversation."""
    # Numbers stay text: none of them is looked at, and one may have more digits than Python reads.
    messages = json.loads(source, parse_int=str, parse_float=str)
    first = messages[0] if isinstance(messages, list) and messages else None
    text = first.get("content") if isinstance(first, dict) and first.get("role") == "system" else None
    if not isinstance(text, str) or selectors.exchange_system_is_a_message(exchange=sent, text=text):
        return ""
    return text
