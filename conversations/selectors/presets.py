"""Presets: one's own, and those that others let the team use."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower

from conversations.models import Exchange, Message, Preset, PresetVersion
from team.models import User


def presets_for(*, user: User) -> Sequence[Preset]:
    """Return the presets that a person may use with their owners, the pinned ones first; each has `pinned`."""
    pins = Preset.pinned_by.through.objects.filter(preset=OuterRef("pk"), user=user)
    found = Preset.objects.filter(_usable(user)).select_related("owner").annotate(pinned=Exists(pins))
    return list(found.order_by("-pinned", Lower("name"), "id"))


def preset_for(*, user: User, pk: UUID) -> Preset:
    """Return one preset that a person may use. Raises `Preset.DoesNotExist`."""
    return Preset.objects.select_related("owner").get(_usable(user), pk=pk)


def preset_newest(*, preset: Preset) -> PresetVersion:
    """Return the version in use."""
    return PresetVersion.objects.filter(preset=preset).order_by("-number")[0]


def presets_newest(*, presets: Sequence[Preset]) -> dict[UUID, PresetVersion]:
    """Return the version in use of each preset. One query."""
    versions = PresetVersion.objects.filter(preset__in=presets)
    later = PresetVersion.objects.filter(preset=OuterRef("preset"), number__gt=OuterRef("number"))
    return {version.preset_id: version for version in versions.filter(~Exists(later))}


def preset_versions(*, preset: Preset) -> Sequence[PresetVersion]:
    """Return all versions, the newest first."""
    return list(PresetVersion.objects.filter(preset=preset).order_by("-number"))


def exchange_system_is_a_message(*, exchange: Exchange, text: str) -> bool:
    """Whether the system prompt that an exchange sent is a message of its conversation, and no setting of a column."""
    roots = Message.everything.filter(
        conversation=exchange.run.conversation, parent=None, role=Message.Role.SYSTEM
    )
    return any(root.text == text for root in roots)


def _usable(user: User) -> Q:
    return Q(owner=user) | Q(shared=True)
