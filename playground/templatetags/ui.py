"""Pieces of the interface as template tags: icons and form fields."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select, Textarea
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

register = template.Library()

THEMES = ("light", "dark")


@register.simple_tag
@lru_cache(maxsize=512)
def icon(name: str, size: str = "", turns: str = "") -> SafeString:
    """Return the icon `name` of the sprite, for eyes only.

    `size` "small" is 14 px; `turns` "way" is for arrows that follow the reading direction.
    """
    classes = " ".join(["icon", *([f"icon--{size}"] if size else []), *([f"icon--{turns}"] if turns else [])])
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="#i-{}" /></svg>',
        classes,
        name,
    )


@register.filter
def clock(moment: datetime) -> str:
    """Return the time of day: `date:"H:i:s"`, which looks for a language's own format first, at five times the cost."""
    return f"{localtime(moment):%H:%M:%S}"


@register.filter
def theme(cookies: Mapping[str, str]) -> str:
    """Return the theme that this browser chose ("light" or "dark"), "" to follow the system.

    Read from the cookie, so that the first paint already has it and no inline script is needed.
    """
    chosen = cookies.get("theme", "") if cookies else ""
    return chosen if chosen in THEMES else ""


_SHOWN = str.maketrans({"\n": "↵", "\r": "␍", "\t": "⇥"})


@register.filter
def one_line(text: str) -> str:
    """Return a text for one line: line breaks and tabs as signs, so that they are seen."""
    return text.translate(_SHOWN)


@register.filter
def initials(name: str) -> str:
    """Return at most two letters that stand for a person: "mira.koch" is "MK", "mira" is "MI"."""
    parts = [part for part in re.split(r"[\W_]+", name) if part]
    if len(parts) > 1:
        return (parts[0][0] + parts[-1][0]).upper()
    return name[:2].upper()


@register.inclusion_tag("components/_field.html")
def field(bound: BoundField, size: str = "", **attributes: Any) -> dict[str, Any]:
    """Show a form field as label, control, help and errors; other arguments become attributes (`data_x` is `data-x`).

    `size` "large" for the pages around sign in. Check boxes stand before their label, radios below theirs.
    """
    widget = bound.field.widget
    kind = _kind(widget)
    attrs: dict[str, Any] = {name.replace("_", "-"): value for name, value in attributes.items()}
    if kind in ("text", "area", "select"):
        classes = ["field", *([f"field--{size}"] if size else []), str(widget.attrs.get("class", ""))]
        attrs["class"] = " ".join(name for name in classes if name)
    return {"field": bound, "kind": kind, "control": bound.as_widget(attrs=attrs)}


def _kind(widget: object) -> str:
    if isinstance(widget, RadioSelect | CheckboxSelectMultiple):
        return "group"
    if isinstance(widget, CheckboxInput):
        return "check"
    if isinstance(widget, Select):
        return "select"
    return "area" if isinstance(widget, Textarea) else "text"
