"""The content of a message as the page shows it: its texts, images, sounds and files in their order."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final
from urllib.parse import urlsplit

from django.urls import reverse

from conversations.parts import bytes_of, digest_of, is_own

WORDS: Final = ("text", "refusal")
IMAGES: Final = ("image_url", "output_image")
SENT_AS_TEXT: Final = 60  # characters of an address that a link shows


@dataclass(frozen=True, slots=True)
class PartView:
    """One part that is no text. `kind`: image, link, audio, file, other.

    `href` leads to an attachment of ours or, for a link, to somebody else's page; `label` is what is said of it; `detail`
    is how an image is to be looked at, "" where that was not said.
    """

    kind: str
    label: str = ""
    href: str = ""
    thumbnail: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A text, or parts that follow each other."""

    text: str = ""
    parts: tuple[PartView, ...] = ()


def blocks_of(content: Sequence[Mapping[str, Any]]) -> tuple[Block, ...]:
    """Return what a message shows from top to bottom; refusals have a place of their own."""
    shown = [part for part in content if part.get("type") != "refusal"]
    blocks: list[Block] = []
    for is_text, group in groupby(shown, key=lambda part: part.get("type") == "text"):
        if is_text:
            blocks += [Block(text=str(part.get("text", ""))) for part in group]
        else:
            blocks.append(Block(parts=tuple(map(part_view, group))))
    return tuple(blocks)


def media_of(content: Sequence[Mapping[str, Any]]) -> tuple[PartView, ...]:
    """Return everything that is no text."""
    return tuple(part_view(part) for part in content if part.get("type") not in WORDS)


def part_view(part: Mapping[str, Any]) -> PartView:
    """Return one part that is no text, whatever stands in it."""
    kind, digest = str(part.get("type") or ""), digest_of(part)
    href = reverse("attachment", args=[digest]) if digest else ""
    member = part.get(kind)
    inner: Mapping[str, Any] = member if isinstance(member, Mapping) else {}
    if kind in IMAGES and digest:
        thumbnail = reverse("attachment-thumbnail", args=[digest])
        return PartView("image", href=href, thumbnail=thumbnail, detail=str(inner.get("detail") or ""))
    if kind in IMAGES and _is_address(url := bytes_of(part)):
        return PartView("link", _shortened(url), href=url, detail=str(inner.get("detail") or ""))
    if kind in ("input_audio", "audio") and digest:
        return PartView("audio", str(inner.get("format") or ""), href=href)
    if kind == "file" and digest:
        return PartView("file", str(inner.get("filename") or ""), href=href)
    return PartView("other", kind)


def _is_address(url: str) -> bool:
    try:
        return urlsplit(url).scheme.lower() in ("http", "https")
    except ValueError:
        return False


def _shortened(url: str) -> str:
    return url if len(url) <= SENT_AS_TEXT else f"{url[: SENT_AS_TEXT - 1]}…"


def written_json(
    *, role: str, name: str, tool_call_id: str, content: Sequence[Mapping[str, Any]], more: bool
) -> str:
    """Return what a composer needs to write a message anew as JSON, "" where only its JSON says everything.

    `more` tells that the message has members beyond these. `parts` as in `playground.message_input`.
    """
    words = [part for part in content if part.get("type") in WORDS]
    plain = all(part.keys() == {"type", "text"} for part in words)
    if more or len(words) > 1 or not plain or any(map(is_own, content)):
        return ""
    parts = [None if part.get("type") == "text" else part for part in content]
    return json.dumps(
        {
            "role": role,
            "name": name,
            "tool_call_id": tool_call_id,
            "parts": parts if parts != [None] else [],
        }
    )
