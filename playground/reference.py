"""The reference of an API as pages show it: everything the catalog says, in the reader's language."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from playground.json_rows import json_laid_out
from playground.parameter_notes import range_phrase
from upstream.catalog import Api, Field, Parameter
from upstream.samples import curl, sample_request
from upstream.wire.capture import DOTS
from upstream.wire.request import Draft, Endpoint, headers_build, request_build

BASE_URL: Final = "https://api.example.com/v1"
"""Stands for the base URL of whichever provider speaks the API."""
_TOOL: Final = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
_ERRORS: Final[Sequence[tuple[str, str | Promise, str | Promise]]] = (
    (
        "400, 422",
        gettext_lazy("The request is refused."),
        gettext_lazy("Change what the error names and send again."),
    ),
    ("401", gettext_lazy("The API key is missing or wrong."), gettext_lazy("Check the key of the provider.")),
    (
        "402, 403",
        gettext_lazy("The key may not do this, or its account is out of credit."),
        gettext_lazy("Check what the key may use, and the account’s balance."),
    ),
    (
        "404",
        gettext_lazy("There is no such model, or no API at this address."),
        gettext_lazy("Check the model’s name and the base URL; it usually ends with /v1."),
    ),
    (
        "429",
        gettext_lazy("Too many requests or tokens in a short time."),
        gettext_lazy("Wait for as long as Retry-After says, then send again."),
    ),
    (
        "500, 502",
        gettext_lazy("The provider failed."),
        gettext_lazy("Try again; if it stays, use another model."),
    ),
    ("503, 504", gettext_lazy("The provider is overloaded or down."), gettext_lazy("Try again later.")),
    (
        "200",
        gettext_lazy("An error inside the stream, after it began."),
        gettext_lazy("What had come is kept; try again."),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One documented member. `depth` is how far it lies inside its section; `default` and `example` are JSON text."""

    path: str
    name: str
    depth: int
    type: str
    help: str
    range: str
    default: str
    example: str
    choices: tuple[str, ...]
    unit: str
    models: tuple[str, ...]
    source: str
    required: bool
    deprecated: bool
    members: tuple["Entry", ...] = ()


@dataclass(frozen=True, slots=True)
class EntryGroup:
    """A heading with the parameters under it."""

    id: str
    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """A request to try, as a command."""

    id: str
    name: str
    command: str


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """An error of the API: its HTTP status, what it means, what to do."""

    status: str
    meaning: str
    advice: str


@dataclass(frozen=True, slots=True)
class ReferencePage:
    """Everything `playground/reference.html` shows."""

    api: Api
    name: str
    description: str
    url: str
    headers: tuple[Entry, ...]
    members: tuple[Entry, ...]
    groups: tuple[EntryGroup, ...]
    response: tuple[Entry, ...]
    errors: tuple[ErrorRow, ...]
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class ReferenceCard:
    """One API in the list of all."""

    id: str
    name: str
    description: str
    path: str
    parameters: int
    models: int


def reference_card(api: Api) -> ReferenceCard:
    """Return an API as the list of all shows it."""
    language = get_language()
    return ReferenceCard(
        id=api.id,
        name=api.names.in_language(language),
        description=api.description.in_language(language),
        path=f"{api.method} {api.path}",
        parameters=len(api.parameters),
        models=len(api.models),
    )


def reference_page(api: Api) -> ReferencePage:
    """Return the whole reference of an API."""
    language = get_language()
    entries = [_parameter(api, parameter) for parameter in api.parameters]
    groups = (
        EntryGroup(
            group.id,
            group.names.in_language(language),
            tuple(
                entry
                for entry, parameter in zip(entries, api.parameters, strict=True)
                if parameter.group == group.id
            ),
        )
        for group in api.groups
    )
    return ReferencePage(
        api=api,
        name=api.names.in_language(language),
        description=api.description.in_language(language),
        url=BASE_URL + api.path,
        headers=tuple(_entry(api, each) for each in api.headers),
        members=tuple(_entry(api, each) for each in api.request_fields),
        groups=tuple(group for group in groups if group.entries),
        response=tuple(_entry(api, each) for each in api.response_fields),
        errors=tuple(ErrorRow(status, str(meaning), str(advice)) for status, meaning, advice in _ERRORS),
        samples=tuple(_samples(api)),
    )


def _parameter(api: Api, parameter: Parameter) -> Entry:
    return _entry(api, parameter, members=tuple(_entry(api, each, below=1) for each in parameter.fields))


def _entry(api: Api, field: Field, *, below: int = 0, members: tuple[Entry, ...] = ()) -> Entry:
    titles = {reference.id: reference.title for reference in api.references}
    return Entry(
        path=field.path,
        name=field.name,
        depth=field.path.count(".") - below,
        type=field.type,
        help=field.help.in_language(get_language()),
        range=range_phrase(field),
        default=field.default or "",
        example=(field.example or "").strip(),
        choices=field.enum,
        unit=field.unit,
        models=field.models,
        source=titles.get(field.reference, ""),
        required=field.required,
        deprecated=field.deprecated,
        members=members,
    )


def _samples(api: Api) -> Iterator[Sample]:
    model = api.models[0] if api.models else "MODEL"
    hello = {"role": "user", "content": "Hello"}
    yield _sample(api, "plain", _("One message"), model, hello, api.initial)
    if api.images:
        picture = {"type": "image_url", "image_url": {"url": "https://example.com/picture.png"}}
        look = {"role": "user", "content": [{"type": "text", "text": "What is this?"}, picture]}
        yield _sample(api, "image", _("With an image"), model, look, api.initial)
    if api.parameter("tools"):
        tools = {"tools": json.dumps([_TOOL])}
        ask = {"role": "user", "content": "How is the weather in Oslo?"}
        yield _sample(api, "tools", _("With a tool"), model, ask, {**api.initial, **tools})


def _sample(
    api: Api, key: str, name: str, model: str, message: Mapping[str, Any], parameters: Mapping[str, str]
) -> Sample:
    endpoint = Endpoint(BASE_URL, auth="bearer")
    request = request_build(Draft(endpoint, api.path, model, (message,), parameters))
    body = json_laid_out(request.body.decode())
    headers = [*headers_build(endpoint, accept="*/*"), ("Authorization", f"Bearer {DOTS}")]
    shown = [(header, value) for header, value in headers if header != "Accept"]
    command = curl(sample_request(method=request.method, url=request.url, headers=shown, body=body))
    return Sample(key, name, command)
