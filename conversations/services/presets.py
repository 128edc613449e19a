"""Presets: settings kept under a name. Saving adds a version, and an earlier one comes back as a new one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from conversations import storable
from conversations.models import Preset, PresetVersion
from conversations.preset_text import Variable
from team.models import User

PRESETS_MAX: Final = 500
"""Presets of one person."""
NAME_MAX: Final = 100


class TooManyPresets(Exception):
    """The person has as many presets as one may have."""


@dataclass(frozen=True, slots=True)
class PresetValues:
    """What a version holds. `settings` has the shape of a column's; the texts may hold the `variables`."""

    settings: Mapping[str, Any]
    message: str = ""
    variables: tuple[Variable, ...] = ()


@transaction.atomic
def preset_create(*, owner: User, name: str, values: PresetValues) -> Preset:
    """Keep settings under a name, as version 1. Raises `TooManyPresets`."""
    User.objects.select_for_update().get(pk=owner.pk)
    if Preset.objects.filter(owner=owner).count() >= PRESETS_MAX:
        raise TooManyPresets
    preset = Preset.objects.create(owner=owner, name=_name(name))
    _version_add(preset, 1, values)
    return preset


@transaction.atomic
def preset_save(*, preset: Preset, values: PresetValues) -> PresetVersion:
    """Return the newest version; a new one unless the newest is the same already."""
    newest = _newest_locked(preset)
    if newest is not None and _kept(newest) == _to_keep(values):
        return newest
    return _version_add(preset, newest.number + 1 if newest else 1, values)


@transaction.atomic
def preset_revert(*, preset: Preset, number: int) -> PresetVersion:
    """Make what an earlier version holds the newest version. Raises `PresetVersion.DoesNotExist`."""
    newest = _newest_locked(preset)
    version = PresetVersion.objects.get(preset=preset, number=number)
    if newest is None or _kept(newest) == _kept(version):
        return newest or version
    variables = tuple(map(Variable.from_json, version.variables))
    return _version_add(preset, newest.number + 1, PresetValues(version.settings, version.message, variables))


def preset_rename(*, preset: Preset, name: str) -> None:
    """Give a preset another name."""
    preset.name = _name(name)
    preset.save(update_fields=["name"])


def preset_share(*, preset: Preset, shared: bool) -> None:
    """Let the whole team use a preset, or nobody else any more."""
    preset.shared = shared
    preset.save(update_fields=["shared"])


@transaction.atomic
def preset_pin(*, preset: Preset, user: User, pinned: bool) -> None:
    """Keep a preset on top of one person's list, or not any more. One that was deleted meanwhile is on no list."""
    there = Preset.objects.select_for_update().filter(pk=preset.pk).first()
    if there is None:
        return
    if pinned:
        there.pinned_by.add(user)
    else:
        there.pinned_by.remove(user)


@transaction.atomic
def preset_delete(*, preset: Preset) -> None:
    """Forget a preset with its versions; what it was applied to stays as it is."""
    # Locked before its versions and pins are looked for, so that none comes after them.
    for there in Preset.objects.select_for_update().filter(pk=preset.pk):
        there.delete()


def _newest_locked(preset: Preset) -> PresetVersion | None:
    Preset.objects.select_for_update().get(pk=preset.pk)
    return PresetVersion.objects.filter(preset=preset).order_by("-number").first()


def _version_add(preset: Preset, number: int, values: PresetValues) -> PresetVersion:
    settings, message, variables = _to_keep(values)
    preset.updated = timezone.now()
    preset.save(update_fields=["updated"])
    return PresetVersion.objects.create(
        preset=preset, number=number, settings=settings, message=message, variables=variables
    )


def _kept(version: PresetVersion) -> tuple[Any, str, Any]:
    return version.settings, version.message, version.variables


def _to_keep(values: PresetValues) -> tuple[Any, str, Any]:
    variables = [variable.to_json() for variable in values.variables]
    return storable.value(values.settings), storable.text(values.message), storable.value(variables)


def _name(name: str) -> str:
    return storable.text(" ".join(name.split()))[:NAME_MAX]
