"""Texts with `{{variables}}`: what they ask for, and what becomes of them. Nothing in a text is ever run.

Of Mustache only plain variables are known. A section, a partial, a comment or another delimiter is refused before anything
is rendered, and what is put in is not looked at again.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

import pystache

VARIABLES_MAX: Final = 40
VALUE_MAX: Final = 200_000
"""Characters of one value."""
CHOICES_MAX: Final = 100
_TAG: Final = re.compile(r"(?<!\{)\{\{[ \t]*([^\W\d]\w{0,59})[ \t]*\}\}(?!\})")
_NUMBER: Final = re.compile(r"-?[0-9]{1,400}(?:\.[0-9]{1,400})?(?:[eE][+-]?[0-9]{1,4})?")


class Kind(StrEnum):
    """What a variable takes."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"


class TemplateRefused(ValueError):
    """A text holds something in double braces that is no plain variable. `found` is how it begins."""

    def __init__(self, found: str) -> None:
        super().__init__(found)
        self.found = found


class TooManyVariables(ValueError):
    """More than `VARIABLES_MAX` variables."""


class ValueRefused(ValueError):
    """A variable cannot have this value. `reason`: number, choice or length."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a preset. `choices` are those of a choice, in the order of the form."""

    name: str
    kind: str = Kind.TEXT
    default: str = ""
    choices: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as it is kept."""
        return {**asdict(self), "kind": str(self.kind), "choices": list(self.choices)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Variable":
        """Return a kept variable."""
        return cls(kept["name"], kept["kind"], kept["default"], tuple(kept["choices"]))


def names_in(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the variables in some texts, each once, in order of appearance.

    Raises `TemplateRefused` and `TooManyVariables`.
    """
    names: dict[str, None] = {}
    for text in texts:
        rest = _TAG.sub(lambda tag: " " * len(tag[0]), text)
        if (at := rest.find("{{")) >= 0:
            raise TemplateRefused(text[at : at + 30].splitlines()[0])
        names.update(dict.fromkeys(_TAG.findall(text)))
    if len(names) > VARIABLES_MAX:
        raise TooManyVariables
    return tuple(names)


def value_checked(variable: Variable, value: str) -> str:
    """Return a value as it is put in. Raises `ValueRefused`."""
    if len(value) > VALUE_MAX:
        raise ValueRefused(variable.name, "length")
    if variable.kind == Kind.NUMBER:
        value = value.strip()
        if not _NUMBER.fullmatch(value):
            raise ValueRefused(variable.name, "number")
    elif variable.kind == Kind.CHOICE and value not in variable.choices:
        raise ValueRefused(variable.name, "choice")
    return value


def rendered(text: str, values: Mapping[str, str]) -> str:
    """Return a text with its variables put in; letter for letter, nothing is escaped.

    Raises `TemplateRefused`, and KeyError for a variable without a value.
    """
    missing = [name for name in names_in([text]) if name not in values]
    if missing:
        raise KeyError(missing[0])
    if "{{" not in text:
        return text
    renderer = pystache.Renderer(escape=str, missing_tags="strict", search_dirs=())
    return str(renderer.render(text, dict(values)))
