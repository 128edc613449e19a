"""The bytes of one event for reading: as text where they are text, and as hexadecimal."""

import json
from typing import Final

from playground.inspector_models import EventBytes

SHOWN: Final = 64_000
"""Bytes of an event shown as text."""
DUMPED: Final = 2_048
"""Bytes of an event shown as hexadecimal."""
WIDTH: Final = 16


def event_bytes(number: int, data: bytes, added: str) -> EventBytes:
    """Return an event's bytes, with what it added to the answer set apart where it stands in them as one string."""
    shown = data[:SHOWN]
    try:
        text, is_text = shown.decode(), True
    except UnicodeDecodeError:
        text, is_text = shown.decode("utf-8", "backslashreplace"), len(data) > SHOWN
    before, marked, after = _parted(text, added)
    return EventBytes(
        number=number,
        size=len(data),
        before=_visible(before),
        added=marked,
        after=_visible(after),
        text=is_text,
        dump=tuple(hex_rows(data[:DUMPED])),
        dump_cut=len(data) > DUMPED,
        shown_cut=len(data) > SHOWN,
    )


def _parted(text: str, added: str) -> tuple[str, str, str]:
    for ascii_only in (False, True):
        literal = json.dumps(added, ensure_ascii=ascii_only) if added else ""
        if literal and text.count(literal) == 1:
            before, _literal, after = text.partition(literal)
            return before, literal, after
    return text, "", ""


def _visible(text: str) -> str:
    """Return a text whose line ends can be seen, and still end lines."""
    return text.replace("\r", "␍").replace("\n", "␊\n")


def hex_rows(data: bytes) -> list[tuple[str, str, str]]:
    """Return rows of WIDTH bytes: offset, hexadecimal, and the printable ASCII among them."""
    rows: list[tuple[str, str, str]] = []
    for offset in range(0, len(data), WIDTH):
        held = data[offset : offset + WIDTH]
        characters = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in held)
        rows.append((f"{offset:06x}", held.hex(" "), characters))
    return rows
