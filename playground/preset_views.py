"""What the templates of presets are given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from conversations.models import Preset, PresetVersion
from playground import json_diff
from playground.json_values import Literal, Members, NotJson, Value, value_read
from team.models import Provider, User


@dataclass(frozen=True, slots=True)
class PresetRow:
    """A preset in the list. `owner` is "" for one's own."""

    id: UUID
    name: str
    summary: str
    owner: str
    shared: bool
    pinned: bool


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version with what it changed of the one before it, None for the first."""

    number: int
    created: datetime
    newest: bool
    diff: json_diff.Diff | None


def preset_rows(
    presets: Sequence[Preset], newest: Mapping[UUID, PresetVersion], *, user: User
) -> tuple[PresetRow, ...]:
    """Return the list; `newest` are the versions in use by preset. One without a version was deleted meanwhile."""
    return tuple(
        PresetRow(
            id=preset.pk,
            name=preset.name,
            summary=_summary(newest[preset.pk]),
            owner="" if preset.owner_id == user.pk else preset.owner.get_full_name(),
            shared=preset.shared,
            pinned=bool(getattr(preset, "pinned", False)),
        )
        for preset in presets
        if preset.pk in newest
    )


def version_rows(versions: Sequence[PresetVersion], names: Mapping[str, str]) -> tuple[VersionRow, ...]:
    """Return the versions, given and returned the newest first."""
    values = [_value(version, names) for version in versions]
    return tuple(
        VersionRow(
            number=version.number,
            created=version.created,
            newest=place == 0,
            diff=json_diff.diff(values[place + 1], values[place]) if place + 1 < len(values) else None,
        )
        for place, version in enumerate(versions)
    )


def names_of(providers: Sequence[Provider]) -> dict[str, str]:
    """Return the names of providers by id."""
    return {str(provider.pk): provider.name for provider in providers}


def _summary(version: PresetVersion) -> str:
    model = version.settings.get("model", "")
    parts = [model] if model else []
    if count := len(version.settings.get("parameters", {})):
        parts.append(ngettext("%(n)d parameter", "%(n)d parameters", count) % {"n": count})
    if version.settings.get("system"):
        parts.append(_("system prompt"))
    parts += [f"{{{{{variable['name']}}}}}" for variable in version.variables]
    return " · ".join(parts)


def _value(version: PresetVersion, names: Mapping[str, str]) -> Value:
    """Return a version as a JSON value to compare; a provider that is not this person's has no name."""
    kept = version.settings
    provider = kept.get("provider", "")
    variables = [Members((name, _plain(each[name])) for name in each) for each in version.variables]
    parameters = kept.get("parameters", {})
    return Members(
        (
            ("provider", names.get(provider, _("A provider that is not yours to use") if provider else "")),
            ("model", kept.get("model", "")),
            ("system", kept.get("system", "")),
            ("message", version.message),
            ("parameters", Members((name, _source(parameters[name])) for name in parameters)),
            ("variables", variables),
        )
    )


def _plain(value: Any) -> Value:
    return [str(each) for each in value] if isinstance(value, list) else str(value)


def _source(source: str) -> Value:
    try:
        return value_read(source)
    except NotJson:
        return Literal(source)
