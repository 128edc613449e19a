"""The parameter form as values: which rows there are, what each shows, and what is said beside it.

Pure functions from an API of the catalog and the parameters in use (name → JSON source text) to view models. The
source text is the truth of a row and its control only a view of it, so a value nobody touches is sent as it was typed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import get_language

from playground.parameter_extra import extra_notes, extra_text
from playground.parameter_notes import Note, encodable, notes_of, range_phrase
from upstream.catalog import Api, Parameter, Slider, json_text
from upstream.catalog.json_text import InvalidJsonText, Number

NUMERIC: Final = frozenset({"slider", "number", "integer"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a list or of key–value pairs; `text` is JSON source, but plain text where pairs map to text."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One parameter in the form.

    `source` is the JSON text that is sent in state "value", and the one that switching on would begin with in state
    "unset" ("" begins blank). `text` and `entries` are what the control shows of it. `reset_state` and `reset_source`
    are what Reset goes back to. `order` is the place among the API's parameters.
    """

    parameter: Parameter
    order: int
    state: str
    control: str
    source: str
    reset_state: str
    reset_source: str
    notes: tuple[Note, ...]
    help: str

    @property
    def name(self) -> str:
        return self.parameter.name

    @property
    def text(self) -> str:
        """What a text field shows."""
        if self.control in ("text", "select") and self.source.startswith('"'):
            return str(json.loads(self.source))
        return self.source

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What a list or the pairs hold."""
        if not self.source:
            return ()
        if self.control == "list":
            sources = json_text.items(self.source) if self.source.lstrip().startswith("[") else [self.source]
            return tuple(Entry("", source) for source in sources)
        if self.control == "pairs":
            plain = self.pairs_of_text
            pairs = json_text.members(self.source)
            return tuple(Entry(name, str(json.loads(source)) if plain else source) for name, source in pairs)
        return ()

    @property
    def booleans(self) -> tuple[str, str]:
        """What a pair of radios offers."""
        return ("true", "false")

    @property
    def pairs_of_text(self) -> bool:
        """Whether the pairs map to text, so that a value is typed without quotes."""
        return _pair_type(self.parameter) == "string"

    @property
    def ghost(self) -> str:
        """The documented default, shown while nothing is sent."""
        return self.parameter.default or ""

    @property
    def range(self) -> str:
        return range_phrase(self.parameter)

    @property
    def slider(self) -> Slider | None:
        return self.parameter.slider if self.control == "slider" else None

    @property
    def is_bad(self) -> bool:
        return any(note.level == "bad" for note in self.notes)


@dataclass(frozen=True, slots=True)
class RowGroup:
    """A heading with the rows under it that are not sent."""

    id: str
    name: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Extra:
    """The row for parameters the catalog does not know: the text of one JSON object."""

    text: str
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class ParameterGroups:
    """Everything `playground/_parameters.html` shows. `json` is the first value of the hidden field."""

    api: Api
    sent: tuple[Row, ...]
    groups: tuple[RowGroup, ...]
    extra: Extra
    json: str


def parameter_groups(*, api: Api, parameters: Mapping[str, str], model: str = "") -> ParameterGroups:
    """Build the form for an API with these parameters in use; their order is the order of the rows that are sent."""
    language = get_language()
    rows = {
        parameter.name: _row(api, parameter, parameters.get(parameter.name), model, language)
        for parameter in api.parameters
    }
    sent = tuple(rows[name] for name in parameters if name in rows)
    groups = (
        RowGroup(
            group.id,
            group.names.in_language(language),
            tuple(row for row in rows.values() if row.state == "unset" and row.parameter.group == group.id),
        )
        for group in api.groups
        if any(parameter.group == group.id for parameter in api.parameters)
    )
    text = extra_text(api, parameters)
    return ParameterGroups(
        api=api,
        sent=sent,
        groups=tuple(groups),
        extra=Extra(text, extra_notes(api, text)),
        json=json.dumps(dict(parameters), ensure_ascii=False),
    )


def _row(api: Api, parameter: Parameter, source: str | None, model: str, language: str | None) -> Row:
    initial = api.initial.get(parameter.name)
    start = _start(parameter) if initial is None else initial
    if source is None:
        state, shown = "unset", start
    elif source.strip() == "null":
        state, shown = "null", start
    else:
        state, shown = "value", source
    return Row(
        parameter=parameter,
        order=api.parameters.index(parameter),
        state=state,
        control=control_for(parameter, shown),
        source=shown,
        reset_state="unset" if initial is None else "value",
        reset_source=start,
        notes=() if source is None else notes_of(parameter, source, model),
        help=parameter.help.in_language(language),
    )


def _start(parameter: Parameter) -> str:
    """Return what switching a parameter on begins with: its documented default, else something to change."""
    if parameter.default not in (None, "null", "[]", "{}"):
        return str(parameter.default)
    if parameter.control == "boolean":
        return "true"
    return (parameter.example or "").strip() if parameter.control == "json" else ""


def control_for(parameter: Parameter, source: str) -> str:
    """Return the control that can show this JSON source text without loss: the documented one, or plain JSON."""
    if not source:
        return parameter.control
    try:
        value = json_text.parse(source)
    except InvalidJsonText:
        return parameter.control if parameter.control in NUMERIC else "json"
    return parameter.control if _shows(parameter, value) else "json"


def _shows(parameter: Parameter, value: Any) -> bool:
    match parameter.control:
        case "slider" | "number" | "integer":
            return not isinstance(value, list | dict)
        case "boolean":
            return isinstance(value, bool)
        case "text":
            return _fits_one_line(value)
        case "select":
            takes_objects = "object" in parameter.types
            if isinstance(value, dict):
                return takes_objects
            return _fits_one_line(value) and not (takes_objects and value.startswith("{"))
        case "list":
            texts = value if isinstance(value, list) else [value]
            return all(isinstance(text, str) for text in texts)
        case "pairs":
            shows = _is_whole if _pair_type(parameter) == "string" else _is_number
            return isinstance(value, dict) and all(
                _is_whole(name) and shows(member) for name, member in value.items()
            )
    return True


def _fits_one_line(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable()


def _is_number(value: Any) -> bool:
    return isinstance(value, Number)


def _is_whole(value: Any) -> bool:
    """Whether it is a text that a page can hold: half of a surrogate pair can only be shown as JSON escapes it."""
    return isinstance(value, str) and encodable(value) == value


def _pair_type(parameter: Parameter) -> str:
    """Return "string" or "number": what the members of a parameter edited as pairs are."""
    types = next(field.types for field in parameter.fields if field.path == f"{parameter.name}.*")
    return "string" if "string" in types else "number"
