"""JSON and code in colours, as HTML without any inline style."""

from collections.abc import Iterable
from typing import Final

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from playground.json_rows import Piece, Row, json_rows

register = template.Library()

_CLASSES: Final = {"string": "s", "number": "n", "word": "k", "cut": "c"}


@register.filter
def json_pretty(text: str) -> SafeString:
    """Return JSON text as coloured lines, its literals untouched; other text as it is."""
    rows = json_rows(text)
    return SafeString(escape(text)) if rows is None else rows_html(rows)


@register.filter
def is_json(text: str) -> bool:
    """Whether `json_pretty` would lay the text out."""
    return json_rows(text) is not None


def rows_html(rows: Iterable[Row], *, marked: dict[str, str] | None = None) -> SafeString:
    """Return lines as HTML; `marked` maps a top-level member to how its lines stand out: changed, warn or bad."""
    marks = marked or {}
    html = "".join(_row_html(row, marks.get(row.path, "")) for row in rows)
    return mark_safe(html)  # noqa: S308 - every piece is escaped in _piece_html


def _row_html(row: Row, mark: str) -> str:
    classes = f"row row--{mark}" if mark else "row"
    # The newline is for copying and for browsers without style; the row itself is a block.
    return f'<span class="{classes}">{"".join(map(_piece_html, row.pieces))}\n</span>'


def _piece_html(piece: Piece) -> str:
    name = _CLASSES.get(piece.kind)
    return format_html('<span class="{}">{}</span>', name, piece.text) if name else escape(piece.text)
