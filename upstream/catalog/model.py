"""What a catalog file says, as values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Final

from upstream.catalog.judge import Judgement, judge

LANGUAGES: Final = ("en", "zh-hans")

CONTROLS: Final = ("slider", "number", "integer", "boolean", "select", "text", "list", "pairs", "json")


@dataclass(frozen=True, slots=True)
class Words(Mapping[str, str]):
    """One text in every language of LANGUAGES."""

    en: str
    zh_hans: str

    def __getitem__(self, language: str) -> str:
        if language == "en":
            return self.en
        if language == "zh-hans":
            return self.zh_hans
        raise KeyError(language)

    def __iter__(self) -> Iterator[str]:
        return iter(LANGUAGES)

    def __len__(self) -> int:
        return len(LANGUAGES)

    def in_language(self, code: str | None) -> str:
        """Return the text for a language code such as "zh-cn" or "en-gb"; English for a language we do not have."""
        return self.zh_hans if (code or "").lower().startswith("zh") else self.en


@dataclass(frozen=True, slots=True)
class Slider:
    """Where a slider runs; not a documented range, so leaving it is no reason for a warning."""

    low: Decimal
    high: Decimal
    step: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One documented member of a request or response body, or one header.

    `path` is dotted; arrays are transparent (`messages.role`), `*` is any member of an object (`logit_bias.*`).
    `types` are JSON type names, or ("any",). `default` and `example` are JSON source text as documented, None when the
    reference gives none. `minimum` and `maximum` are as documented, in `unit` where one is given. `models` are names
    or patterns (`o3*`) it applies to; empty means all. `reference` is the `Reference.id` it was taken from.
    """

    path: str
    types: tuple[str, ...]
    help: Words
    reference: str
    required: bool = False
    deprecated: bool = False
    default: str | None = None
    example: str | None = None
    enum: tuple[str, ...] = ()
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    exclusive_minimum: bool = False
    exclusive_maximum: bool = False
    max_items: int | None = None
    unit: str = ""
    models: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The last part of the path, as the API spells it."""
        return self.path.rpartition(".")[2]

    @property
    def type(self) -> str:
        """The documented type in no language's words, such as "string | array"."""
        return " | ".join(self.types)

    @property
    def nullable(self) -> bool:
        return "null" in self.types

    @property
    def limited(self) -> bool:
        """Whether the reference names a range."""
        return self.minimum is not None or self.maximum is not None

    def applies_to(self, model: str) -> bool:
        """Return whether the reference names this member for the model; True while no model is chosen."""
        return not model or not self.models or any(fnmatchcase(model, pattern) for pattern in self.models)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter(Field):
    """A top-level member of the request body that has a row in the form: all but `model` and `messages`.

    `fields` are its nested members, with paths from the top (`response_format.type`).
    """

    group: str
    control: str
    slider: Slider | None = None
    fields: tuple[Field, ...] = ()

    @property
    def step(self) -> Decimal | None:
        return self.slider.step if self.slider else None

    def judge(self, json_text: str) -> Judgement:
        """Compare a JSON source text with the documentation; see `upstream.catalog.judge`."""
        return judge(json_text, {self.path: self} | {field.path: field for field in self.fields}, self.path)


@dataclass(frozen=True, slots=True)
class Group:
    """A heading of the form."""

    id: str
    names: Words


@dataclass(frozen=True, slots=True)
class Reference:
    """A document the catalog was written from."""

    id: str
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Images:
    """How an API takes images: documented `details`, and the models that take base64 data only."""

    details: tuple[str, ...]
    base64_only: tuple[str, ...]

    def base64_only_for(self, model: str) -> bool:
        """Return whether the reference says that this model takes no addresses of images."""
        return any(fnmatchcase(model, pattern) for pattern in self.base64_only)


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One upstream interface as its reference documents it.

    `request_fields` are the body members that are no rows of the form (`model`, `messages` and what lies in them);
    nested members of a parameter are in `Parameter.fields`. `initial` is what a new column sends, name → JSON text.
    `continues`: whether an answer goes on from a last message of the assistant's; None where nobody says.
    """

    id: str
    kind: str
    names: Words
    description: Words
    method: str
    path: str
    references: tuple[Reference, ...]
    initial: Mapping[str, str]
    parameters: tuple[Parameter, ...]
    request_fields: tuple[Field, ...]
    response_fields: tuple[Field, ...]
    headers: tuple[Field, ...]
    groups: tuple[Group, ...]
    images: Images | None
    continues: bool | None = None
    _by_name: Mapping[str, Parameter] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {parameter.path: parameter for parameter in self.parameters})

    @property
    def models(self) -> tuple[str, ...]:
        """The models the reference names; a provider may serve others."""
        return self._by_path("model").enum

    @property
    def message_roles(self) -> tuple[str, ...]:
        """The roles a message may have, in documented order."""
        return self._by_path("messages.role").enum

    def parameter(self, name: str) -> Parameter | None:
        """Return the parameter with a row of this name, or None when the catalog does not know it."""
        return self._by_name.get(name)

    def _by_path(self, path: str) -> Field:
        return next(field for field in self.request_fields if field.path == path)

    def fields(self) -> Iterator[Field]:
        """Every documented member of the request body, nested ones after their parent."""
        yield from self.request_fields
        for parameter in self.parameters:
            yield parameter
            yield from parameter.fields
