"""Reads the catalog files once; any mistake in one stops the program with its file, place and reason."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from decimal import Decimal
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

from upstream.catalog import json_text
from upstream.catalog.judge import judge
from upstream.catalog.model import CONTROLS, Api, Field, Group, Images, Parameter, Reference, Slider, Words
from upstream.catalog.table import CatalogError, Table

# The order in which they are offered. A fixed list, so that an id from outside never becomes a path.
API_IDS: Final = (
    "generic",
    "openai-chat",
    "siliconflow-chat",
    "siliconflow-vision",
    "gateway-vision",
    "llama-cpp",
)
NOT_IN_FORM: Final = frozenset({"model", "messages"})


class UnknownApi(KeyError):
    """No catalog file has this id."""


def api(api_id: str) -> Api:
    """Return one API; raises UnknownApi, or CatalogError when its file is malformed. Parsed once per process."""
    if api_id not in API_IDS:
        raise UnknownApi(api_id)
    return _load(api_id)


@cache
def apis() -> Mapping[str, Api]:
    """Return every API by id, in the order in which they are offered."""
    return MappingProxyType({api_id: api(api_id) for api_id in API_IDS})


@cache
def _load(api_id: str) -> Api:
    return api_parse(file_text(api_id), file_text("common"), api_id)


def file_text(name: str) -> str:
    """Return the source of a catalog file: an API id, or "common" for the words and controls they share."""
    return resources.files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8")


def api_parse(text: str, common_text: str, api_id: str) -> Api:
    """Build an API from the text of its file and of the common one; raises CatalogError naming the place."""
    table = Table.parse(text, f"{api_id}.toml")
    common = Table.parse(common_text, "common.toml")
    references = tuple(_reference(entry) for entry in table.tables("references"))
    if not references:
        raise table.error("references are missing")
    reader = _FieldReader(common, references)
    request = [reader.request(entry) for entry in table.tables("request")]
    result = Api(
        id=table.text("id"),
        kind=table.text("kind"),
        names=_words(table.table("names")),
        description=_words(table.table("description")),
        method=table.text("method"),
        path=table.text("path"),
        references=references,
        initial=MappingProxyType(dict(table.table("initial").named_texts())),
        parameters=tuple(_with_fields(entry, request) for entry in request if isinstance(entry, Parameter)),
        request_fields=tuple(entry for entry in request if entry.path.partition(".")[0] in NOT_IN_FORM),
        response_fields=tuple(reader.field(entry, "response") for entry in table.tables("response")),
        headers=tuple(reader.field(entry, "headers") for entry in table.tables("headers")),
        groups=tuple(Group(name, _words(entry)) for name, entry in common.table("groups").named_tables()),
        images=_images(table.table("images")),
        continues={"yes": True, "no": False}.get(table.text_or("continues", "")),
    )
    table.finish()
    _check(result, request, api_id)
    return result


class _FieldReader:
    """Turns the entries of a file into fields; what an entry does not say about itself, the common file may."""

    def __init__(self, common: Table, references: tuple[Reference, ...]) -> None:
        self._common = common
        self._references = tuple(reference.id for reference in references)

    def request(self, entry: Table) -> Field:
        path = entry.text("path")
        if "." in path or path in NOT_IN_FORM:
            return self.field(entry, "request")
        shared = self._common.table("request").table(path)
        slider = _slider(entry.table("slider") or shared.table("slider"))
        control = entry.text_or("control", shared.text_or("control", ""))
        group = entry.text_or("group", shared.text_or("group", ""))
        field = self.field(entry, "request")
        values = {each.name: getattr(field, each.name) for each in dataclass_fields(field)}
        return Parameter(
            **values,
            group=group,
            control=control or _control(field, slider),
            slider=slider or _slider_of_range(field),
        )

    def field(self, entry: Table, section: str) -> Field:
        path = entry.text("path")
        shared = self._common.table(section).table(path)
        reference = entry.text_or("reference", self._references[0])
        if reference not in self._references:
            raise entry.error(f"reference {reference!r} is not listed")
        minimum, exclusive_minimum = _bound(entry, "minimum")
        maximum, exclusive_maximum = _bound(entry, "maximum")
        result = Field(
            path=path,
            types=_types(entry),
            help=_words(entry if "en" in entry else shared),
            reference=reference,
            required=entry.flag("required"),
            deprecated=entry.flag("deprecated"),
            default=_json(entry, "default"),
            example=_json(entry, "example"),
            enum=entry.texts("enum"),
            minimum=minimum,
            maximum=maximum,
            exclusive_minimum=exclusive_minimum,
            exclusive_maximum=exclusive_maximum,
            max_items=entry.whole("max_items"),
            unit=entry.text_or("unit", shared.text_or("unit", "")),
            models=entry.texts("models"),
        )
        entry.finish()
        return result


def _types(entry: Table) -> tuple[str, ...]:
    types = entry.texts("type")
    if not types:
        raise entry.error("type is missing")
    for name in types:
        if name not in json_text.TYPE_NAMES and name != "any":
            raise entry.error(f"{name!r} is not a JSON type")
    return types


def _bound(entry: Table, name: str) -> tuple[Decimal | None, bool]:
    inclusive, exclusive = entry.number(name), entry.number(f"exclusive_{name}")
    if inclusive is not None and exclusive is not None:
        raise entry.error(f"{name} is given twice")
    return (inclusive, False) if exclusive is None else (exclusive, True)


def _json(entry: Table, name: str) -> str | None:
    text = entry.text_or(name, None)
    if text is not None:
        try:
            json_text.parse(text)
        except json_text.InvalidJsonText as error:
            raise entry.error(f"{name} is not JSON: {text!r}") from error
    return text


def _control(field: Field, slider: Slider | None) -> str:
    """Return the control that fits the documented type best."""
    kinds = set(field.types) - {"null"}
    if kinds == {"boolean"}:
        return "boolean"
    if kinds <= {"integer", "number"}:
        if slider or (field.minimum is not None and field.maximum is not None):
            return "slider"
        return "integer" if kinds == {"integer"} else "number"
    if kinds == {"string"}:
        return "select" if field.enum else "text"
    return "json"


def _slider(table: Table) -> Slider | None:
    if not table:
        return None
    low, high, step = (table.number(name) for name in ("from", "to", "step"))
    table.finish()
    if low is None or high is None or step is None or not low < high or step <= 0:
        raise table.error("a slider needs from < to and a step")
    return Slider(low, high, step)


def _slider_of_range(field: Field) -> Slider | None:
    if field.minimum is None or field.maximum is None:
        return None
    step = Decimal("0.01") if "number" in field.types else Decimal(1)
    low = field.minimum + step if field.exclusive_minimum else field.minimum
    high = field.maximum - step if field.exclusive_maximum else field.maximum
    return Slider(low, high, step)


def _words(table: Table) -> Words:
    return Words(en=table.text("en"), zh_hans=table.text("zh-hans"))


def _reference(table: Table) -> Reference:
    result = Reference(id=table.text("id"), title=table.text("title"), url=table.text_or("url", ""))
    table.finish()
    return result


def _images(table: Table) -> Images | None:
    if not table:
        return None
    result = Images(details=table.texts("details"), base64_only=table.texts("base64_only"))
    table.finish()
    return result


def _with_fields(parameter: Parameter, request: Iterable[Field]) -> Parameter:
    inside = f"{parameter.path}."
    return replace(parameter, fields=tuple(entry for entry in request if entry.path.startswith(inside)))


def _check(api: Api, request: list[Field], api_id: str) -> None:
    """Refuse what no single entry can know: doubles, orphans, unknown groups, defaults that would be warned about."""
    paths = {entry.path for entry in request}
    problems = itertools.chain(
        [("id", f"says {api.id!r}")] if api.id != api_id else [],
        (
            ("request", f"{path} is missing")
            for path in ("model", "messages", "messages.role")
            if path not in paths
        ),
        *(_path_problems(section) for section in (request, api.response_fields, api.headers)),
        _row_problems(api),
        _value_problems(request),
        (("initial", f"unknown parameter {name!r}") for name in api.initial if api.parameter(name) is None),
    )
    for place, reason in problems:
        raise CatalogError(f"{api_id}.toml", place, reason)


def _row_problems(api: Api) -> Iterator[tuple[str, str]]:
    groups = {group.id for group in api.groups}
    for parameter in api.parameters:
        if parameter.group not in groups:
            yield parameter.path, f"unknown group {parameter.group!r}"
        if parameter.control not in CONTROLS:
            yield parameter.path, f"unknown control {parameter.control!r}"


def _value_problems(request: list[Field]) -> Iterator[tuple[str, str]]:
    by_path = {entry.path: entry for entry in request}
    for entry in request:
        for text in filter(None, (entry.default, entry.example)):
            if judge(text, by_path, entry.path).warnings:
                yield entry.path, f"documents {text}, yet would warn about it"


def _path_problems(fields: Iterable[Field]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for field in fields:
        parent = field.path.rpartition(".")[0]
        if field.path in seen:
            yield field.path, "is described twice"
        if parent and parent not in seen:
            yield field.path, "comes before or without its parent"
        if field.minimum is not None and field.maximum is not None and field.minimum >= field.maximum:
            yield field.path, "has an empty range"
        seen.add(field.path)
