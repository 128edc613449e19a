"""A person's presets in their archive: written with all versions, read back once.

`presets.json` is a list of `{"id", "name", "pinned", "created", "versions"}`; a version is `{"settings", "message",
"variables", "created"}`, the oldest first. Another's presets that the team may use are not among them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone

from conversations import storable
from conversations.models import Preset, PresetVersion
from conversations.preset_text import (
    CHOICES_MAX,
    VALUE_MAX,
    Kind,
    TemplateRefused,
    TooManyVariables,
    Variable,
    names_in,
)
from conversations.services.presets import NAME_MAX, PRESETS_MAX
from team.models import User
from team.selectors import providers_for
from upstream.formats.measures import moment_read

VERSIONS_MAX: Final = 200
"""Versions of one preset that are read, the newest ones."""
TEXT_MAX: Final = 1_000_000
"""Characters of a system prompt or a message."""
_NAMESPACE: Final = UUID("5b0cd1b4-6c4f-5b0e-9c58-1f6d8b5f3f0a")


class _Refused(ValueError):
    """Why an entry does not come in."""


@dataclass(frozen=True, slots=True)
class _Version:
    settings: Mapping[str, Any]
    message: str
    variables: Sequence[Mapping[str, Any]]
    created: datetime


def presets_told(*, user: User) -> list[dict[str, Any]]:
    """Return what `presets.json` holds. Three queries."""
    presets = Preset.objects.filter(owner=user).order_by("created", "id").prefetch_related("versions")
    pinned = set(Preset.objects.filter(owner=user, pinned_by=user).values_list("pk", flat=True))
    return [
        {
            "id": str(preset.pk),
            "name": preset.name,
            "pinned": preset.pk in pinned,
            "created": preset.created.isoformat(),
            "versions": [
                {
                    "settings": version.settings,
                    "message": version.message,
                    "variables": version.variables,
                    "created": version.created.isoformat(),
                }
                for version in sorted(preset.versions.all(), key=lambda version: version.number)
            ],
        }
        for preset in presets
    ]


def presets_read(*, user: User, given: object) -> tuple[str, ...]:
    """Make the presets of an archive the person's own, for nobody else to use; return which entries were refused.

    None comes twice: what is there still, or came from the same archive before, is passed over. A provider that the person
    may not use is left out. Refused is what no version of this product wrote, and what is more than one person may have.
    """
    if not isinstance(given, list):
        return ("presets.json: no list",)
    providers = {str(provider.pk) for provider in providers_for(user=user)}
    refused = []
    for number, each in enumerate(given, start=1):
        try:
            _preset_read(user, each, providers)
        except _Refused as error:
            refused.append(f"presets.json, entry {number}: {error}")
    return tuple(refused)


@transaction.atomic
def _preset_read(user: User, given: object, providers: set[str]) -> None:
    # One reader at a time, so that the same archive read twice at once brings nothing twice.
    User.objects.select_for_update().get(pk=user.pk)
    entry = _mapping(given)
    name = storable.text(" ".join(_text(entry, "name", NAME_MAX).split()))
    original = _text(entry, "id", 36)
    versions = list(_versions(entry, providers))
    if not (name and original and versions):
        raise _Refused("it lacks a name, an id or versions")
    pk = uuid5(_NAMESPACE, f"{user.pk}/{original}")
    there = Preset.objects.filter(owner=user)
    ids = {str(known) for known in there.values_list("pk", flat=True)}
    if original in ids or str(pk) in ids:
        return
    if len(ids) >= PRESETS_MAX:
        raise _Refused(f"one person may have {PRESETS_MAX}")
    created = _moment(entry.get("created"))
    preset = Preset.objects.create(
        pk=pk, owner=user, name=name, created=created, updated=versions[-1].created
    )
    PresetVersion.objects.bulk_create(
        PresetVersion(
            preset=preset,
            number=number,
            settings=version.settings,
            message=version.message,
            variables=list(version.variables),
            created=version.created,
        )
        for number, version in enumerate(versions, start=1)
    )
    if entry.get("pinned") is True:
        preset.pinned_by.add(user)


def _versions(entry: Mapping[str, Any], providers: set[str]) -> Iterator[_Version]:
    for given in _listed(entry, "versions")[-VERSIONS_MAX:]:
        version = _mapping(given)
        settings = _settings(_mapping(version.get("settings")), providers)
        message = storable.text(_text(version, "message", TEXT_MAX))
        try:
            names = names_in([settings["system"], message])
        except (TemplateRefused, TooManyVariables) as error:
            raise _Refused("its variables make no sense") from error
        told = {variable.name: variable for variable in map(_variable, _listed(version, "variables"))}
        variables = [told.get(name, Variable(name)).to_json() for name in names]
        yield _Version(settings, message, variables, _moment(version.get("created")))


def _settings(given: Mapping[str, Any], providers: set[str]) -> dict[str, Any]:
    """Return settings of the shape that a column has; what else there is stays, as JSON."""
    kept: dict[str, Any] = dict(storable.value(given))
    provider = _text(given, "provider", 40)
    parameters = _mapping(given.get("parameters") or {})
    if not all(isinstance(value, str) for value in parameters.values()):
        raise _Refused("a parameter is no text")
    return kept | {
        "provider": provider if provider in providers else "",
        "model": storable.text(_text(given, "model", 300)),
        "system": storable.text(_text(given, "system", TEXT_MAX)),
        "parameters": storable.value(parameters),
    }


def _variable(given: object) -> Variable:
    told = _mapping(given)
    name, kind = _text(told, "name", 60), _text(told, "kind", 10) or Kind.TEXT
    choices = _listed(told, "choices")[:CHOICES_MAX]
    odd = not all(isinstance(choice, str) and len(choice) <= VALUE_MAX for choice in choices)
    if odd or not re.fullmatch(r"[^\W\d]\w*", name) or kind not in list(Kind):
        raise _Refused("a variable makes no sense")
    default = storable.text(_text(told, "default", VALUE_MAX))
    return Variable(name, kind, default, tuple(map(storable.text, choices)))


def _mapping(given: object) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise _Refused("something is no object")
    return given


def _listed(given: Mapping[str, Any], name: str) -> list[Any]:
    value = given.get(name, [])
    if not isinstance(value, list):
        raise _Refused(f"{name} is no list")
    return value


def _text(given: Mapping[str, Any], name: str, most: int) -> str:
    value = given.get(name, "")
    if not isinstance(value, str) or len(value) > most:
        raise _Refused(f"{name} is no text, or too long")
    return value


def _moment(given: object) -> datetime:
    """Return a moment of an archive; now, where it says none."""
    moment = moment_read(given) if isinstance(given, str) else timezone.now()
    if moment is None:
        raise _Refused("a moment makes no sense")
    return moment
