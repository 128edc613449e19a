"""Reads the four reference texts by generic rules and lists what the catalog lacks of them.

The texts are pages copied from a browser, in four layouts. Each layout has one reader, which knows how such a page is
laid out (a name, then its type, then "default:" …) but no parameter by name; what it finds are `Fact`s.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from upstream.catalog import Api, Field

TYPES: Final = {
    "string": "string",
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
    "object": "object",
    "null": "null",
    "object[]": "array",
    "enum<string>": "string",
}
NUMBER: Final = r"-?\d+(?:\.\d+)?"
NOTHING: Final = object()  # apart from None, which is JSON's null


@dataclass(frozen=True, kw_only=True)
class Fact:
    """What a text says about one member. An empty `path` means: some member, the text does not say which."""

    section: str  # "request", "response" or "headers"
    path: str
    type: str = ""
    default: Any = NOTHING
    shown: Any = NOTHING  # a value in an example: the catalog has it as default, example or choice
    enum: tuple[str, ...] = ()
    low: tuple[Decimal, bool] | None = None  # and whether it is excluded
    high: tuple[Decimal, bool] | None = None
    max_items: int | None = None
    required: bool = False
    base64_only: str = ""  # a model that takes images as base64 only


def seed_text(number: str) -> str:
    """Return a reference text by the three digits its name begins with; skip where there is none, except in CI."""
    root = Path(__file__).resolve().parents[3]
    folder = Path(os.environ.get("PLAYGROUND_SEEDS", root.parent / "shared" / "seeds"))
    found = sorted(folder.glob(f"{number}_*.txt"))
    if not found:
        reason = f"reference text {number} is not in {folder}; PLAYGROUND_SEEDS names the folder that has it"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found[0].read_text(encoding="utf-8")


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def _from_prose(fact: Fact, prose: str) -> Fact:
    """Add what a description says in words, in English or Chinese."""
    if match := re.search(r"(?:Up to|A max of) (\d+)|最多 ?(\d+) ?个", prose):
        fact = replace(fact, max_items=int(match[1] or match[2]))
    if match := re.search(rf"({NUMBER}) (<=?) x (<=?) ({NUMBER})", prose):
        fact = replace(
            fact, low=(Decimal(match[1]), match[2] == "<"), high=(Decimal(match[4]), match[3] == "<")
        )
    elif match := re.search(rf"({NUMBER}) (?:和|到) ({NUMBER})", prose):
        fact = replace(fact, low=(Decimal(match[1]), False), high=(Decimal(match[2]), False))
    if match := re.search(r"(\S+) only supports? the base64", prose):
        fact = replace(fact, base64_only=match[1])
    return fact


# ---------------------------------------------------------------------------- 000: dotted name, type, attributes


def read_named_blocks(text: str) -> Iterator[Fact]:
    """A dotted name on a line, its type on the next, then "default:", "Available options:", prose."""
    for section, lines in _blocks(text):
        yield _named_block(section, lines)


def sentences(text: str) -> dict[str, str]:
    """Return the sentences of a page of named blocks → the name each of them describes."""
    return {line: lines[0] for _, lines in _blocks(text) for line in lines if " " in line}


def _blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    sections = {"Authorizations": "headers", "Body": "request", "Response": "response"}
    section, lines, at = "", _lines(text), 0
    while at < len(lines):
        if lines[at] in sections:
            section = sections[lines[at]]
        elif section and _is_name(lines[at]):
            end = at + 1
            while end < len(lines) and lines[end] not in sections and not _starts_block(lines, at, end):
                end += 1
            yield section, lines[at:end]
            at = end
            continue
        at += 1


def _is_name(line: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z_]+(\.[a-z_]+)*", line))


def _starts_block(lines: list[str], start: int, at: int) -> bool:
    """Whether a line names the next member, and is not a type, a default or an option of this one."""
    before = lines[at - 1]
    is_type = at == start + 1 and lines[at] in TYPES
    is_value = before in ("default:", "Available options:") or before.endswith(",")
    return _is_name(lines[at]) and not is_type and not is_value and lines[at] not in ("required", "header")


def _named_block(section: str, lines: list[str]) -> Fact:
    fact = Fact(section=section, path=lines[0], required="required" in lines)
    if len(lines) > 1 and lines[1] in TYPES:
        fact = replace(fact, type=TYPES[lines[1]])
    if "default:" in lines:
        text = lines[lines.index("default:") + 1]
        fact = replace(fact, default=text if fact.type == "string" else json.loads(text))
    if "Available options:" in lines:
        options = lines[lines.index("Available options:") + 1 :]
        fact = replace(fact, enum=tuple(option.rstrip(",") for option in options))
    return _from_prose(fact, " ".join(lines[1:]))


# ---------------------------------------------------------------------------- 001: sentences and values, no names


def read_sentences(text: str, names: dict[str, str]) -> Iterator[Fact]:
    """Sentences, each followed by range and default; `names` maps the sentences of a sister page to names.

    A sentence the sister page does not have names its member itself ("A list of tools the model may call"). Further
    values under one sentence belong to members the page leaves unnamed.
    """
    models: list[str] = []
    fact: Fact | None = None
    words = ""
    body = _lines(text)
    for line in body[body.index("Body") + 1 :]:
        if re.fullmatch(r",?\s*[\w.-]+(/[\w.-]+)+", line):
            models.append(line.lstrip(", "))
        elif re.fullmatch(rf"{NUMBER}|null|true|false|\".*\"", line):
            if fact and fact.default is not NOTHING:
                yield fact
                fact = Fact(section="request", path="")
            fact = replace(fact or Fact(section="request", path="model"), default=json.loads(line))
        elif fact and re.fullmatch(rf"{NUMBER} <=? x <=? {NUMBER}", line):
            fact = _from_prose(fact, line)
        else:
            if fact and fact.default is not NOTHING:
                yield fact
                fact, words = None, ""
            words = f"{words} {line}".strip()
            if path := _path_of(words, names):
                if fact:
                    yield fact
                fact, words = _from_prose(Fact(section="request", path=path), words), ""
    if fact:
        yield fact
    yield Fact(section="request", path="model", enum=tuple(models))


def _path_of(words: str, names: dict[str, str]) -> str:
    if words in names:
        return names[words]
    match = re.match(r"A list of (\w+) the model may call", words)
    return match[1] if match else ""


# ---------------------------------------------------------------------------- 002: one JSON value of each body


def read_json_shapes(text: str) -> Iterator[Fact]:
    """An example body under "Request Body" and one under "Responses"; additionalProperties stand for any member."""
    for section, heading in (("request", "Request Body"), ("response", "Responses")):
        start = text.index("{", text.index(heading))
        value, _ = json.JSONDecoder().raw_decode(text[start:])
        yield from _shape(section, "", value)


def _shape(section: str, path: str, value: Any) -> Iterator[Fact]:
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    if path:
        scalar = not isinstance(value, list | dict)
        shown = value if section == "request" and scalar and value != "string" else NOTHING
        yield Fact(section=section, path=path, type=kinds[type(value)], shown=shown)
    if isinstance(value, dict):
        for name, member in value.items():
            spelt = "*" if name == "additionalProperties" else name
            yield from _shape(section, f"{path}.{spelt}".lstrip("."), member)
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                for fact in _shape(section, path, item):
                    if fact.path != path:
                        yield fact


# ---------------------------------------------------------------------------- 003: name, type, optional, prose


def read_listed(text: str, api: Api) -> Iterator[Fact]:
    """Name, type, "required" or "optional", prose, "Example:". Members of members follow their parent undotted.

    Where the page does not say how many members follow (`usage`), a name that is none of the API's own top-level
    names is taken as a member of the last object.
    """
    sections = {"Header Params": "headers", "Body Params application/json": "request", "Body": "response"}
    tops = {
        "headers": {field.path for field in api.headers},
        "request": {field.path for field in api.fields()},
        "response": {field.path for field in api.response_fields},
    }
    section, parent, left = "", "", 0
    lines = _lines(text)
    for at, line in enumerate(lines[:-2]):
        if line in sections:
            section, parent, left = sections[line], "", 0
        kind = re.fullmatch(
            r"(string|integer|number|boolean|object|null|array)(?: \[object \{(\d+)\}\])?", lines[at + 1]
        )
        if not section or not kind or lines[at + 2] not in ("required", "optional"):
            continue
        path = f"{parent}.{line}" if parent and (left or line not in tops[section]) else line
        left = max(left - 1, 0)
        if kind[2]:
            parent, left = path, int(kind[2])
        elif kind[1] == "object" and not left:
            parent = path
        end = next(
            (
                n
                for n in range(at + 3, len(lines))
                if lines[n] in ("required", "optional", "Example", *sections)
            ),
            len(lines),
        )
        yield from _listed(section, path, kind[1], lines[at + 2 : end])
    for example in re.finditer(r"^Example\n(?=\{)", text, re.MULTILINE):
        value, _ = json.JSONDecoder().raw_decode(text[example.end() :])
        yield from _shape("response" if "id" in value else "request", "", value)


def _listed(section: str, path: str, kind: str, lines: list[str]) -> Iterator[Fact]:
    prose = lines[1] if len(lines) > 1 else ""
    fact = _from_prose(Fact(section=section, path=path, type=kind, required=lines[0] == "required"), prose)
    if prose == "Example:":
        fact = replace(fact, shown=lines[2])
    if kind == "null" and fact.low:  # a range of what the object maps to, not of the null the page calls it
        yield Fact(section=section, path=f"{path}.*", low=fact.low, high=fact.high)
        fact = replace(fact, low=None, high=None)
    yield fact


# ---------------------------------------------------------------------------- comparison


def missing(facts: Iterable[Fact], api: Api) -> list[str]:
    """Return one sentence per fact that the catalog entry does not hold."""
    sections = {
        "headers": {field.path: field for field in api.headers},
        "request": {field.path: field for field in api.fields()},
        "response": {field.path: field for field in api.response_fields},
    }
    facts = list(facts)
    named = {fact.path for fact in facts}
    result = []
    for fact in facts:
        fields = sections[fact.section]
        if fact.path == "":
            others = (field for path, field in fields.items() if path not in named)
            if not any(_same(field.default, fact.default) for field in others):
                result.append(f"an unnamed parameter with default {fact.default!r} is missing")
        elif fact.path not in fields:
            result.append(f"{fact.section} {fact.path} is missing")
        else:
            result += [
                f"{fact.section} {fact.path}: {reason}" for reason in _differences(fact, fields[fact.path])
            ]
        if fact.base64_only and (not api.images or fact.base64_only not in api.images.base64_only):
            result.append(f"{fact.base64_only} takes base64 only")
    return result


def _differences(fact: Fact, field: Field) -> Iterator[str]:
    if fact.type and not {fact.type, "any"} & {
        *field.types,
        *(["integer"] if "number" in field.types else []),
    }:
        yield f"type {fact.type} is not among {field.types}"
    if fact.default is not NOTHING and not _same(field.default, fact.default):
        yield f"default {fact.default!r} is {field.default}"
    if fact.shown is not NOTHING and not (
        _same(field.default, fact.shown) or _same(field.example, fact.shown) or fact.shown in field.enum
    ):
        yield f"example {fact.shown!r} is neither default nor example"
    if lost := [choice for choice in fact.enum if choice not in field.enum]:
        yield f"choices {lost} are missing"
    if fact.low and fact.low != (field.minimum, field.exclusive_minimum):
        yield f"lower bound {fact.low} is {field.minimum}"
    if fact.high and fact.high != (field.maximum, field.exclusive_maximum):
        yield f"upper bound {fact.high} is {field.maximum}"
    if fact.max_items is not None and fact.max_items != field.max_items:
        yield f"at most {fact.max_items} items is {field.max_items}"
    if fact.required and not field.required:
        yield "is required"


def _same(text: str | None, value: Any) -> bool:
    if text is None:
        return False
    found = json.loads(text)
    return found == value and isinstance(found, bool) == isinstance(value, bool)
