"""Presets in a person's archive: all versions come back once, for nobody else, and hostile ones not at all."""

import io
import json
import zipfile
from typing import Any

import pytest

from conversations import services
from conversations.models import Preset, PresetVersion
from conversations.preset_text import Variable
from conversations.services.presets import PresetValues, preset_create, preset_pin, preset_save, preset_share
from team.models import User
from tests.cast import provider_make

pytestmark = pytest.mark.django_db


def values(system: str, *, provider: str = "", message: str = "") -> PresetValues:
    settings = {"provider": provider, "model": "m", "system": system, "parameters": {"temperature": "0.70"}}
    variables = (Variable("city", "choice", "Ulm", ("Ulm", "南京")),) if "{{city}}" in system else ()
    return PresetValues(settings, message, variables)


@pytest.fixture
def preset(alice: User) -> Preset:
    """Alice's: two versions, pinned, shared with the team."""
    provider = provider_make(alice)
    preset = preset_create(owner=alice, name="Weather 天气", values=values("First"))
    preset_save(preset=preset, values=values("In {{city}}", provider=str(provider.pk), message="Hi"))
    preset_pin(preset=preset, user=alice, pinned=True)
    preset_share(preset=preset, shared=True)
    return preset


def archive_of(user: User) -> bytes:
    return b"".join(services.archive_write(user=user, mask=str))


def archive_with(user: User, presets: object) -> io.BytesIO:
    """The person's archive with other presets in it."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive_of(user))) as given,
        zipfile.ZipFile(file, "w") as archive,
    ):
        for name in given.namelist():
            archive.writestr(name, json.dumps(presets) if name == "presets.json" else given.read(name))
    file.seek(0)
    return file


def told(user: User) -> list[tuple[Any, ...]]:
    versions = PresetVersion.objects.filter(preset__owner=user).order_by("preset__name", "number")
    return [
        (each.preset.name, each.number, each.settings, each.message, each.variables, each.created)
        for each in versions.select_related("preset")
    ]


def test_all_versions_come_back_after_everything_was_deleted(alice: User, preset: Preset) -> None:
    before, data = told(alice), archive_of(alice)
    services.person_data_delete(user=alice)
    assert not Preset.objects.exists()
    for _twice in range(2):
        assert services.archive_read(user=alice, file=io.BytesIO(data)).refused == ()
    assert told(alice) == before
    (read,) = Preset.objects.filter(owner=alice)
    assert list(read.pinned_by.all()) == [alice]
    assert not read.shared


def test_what_is_there_still_does_not_come_twice(alice: User, preset: Preset) -> None:
    services.archive_read(user=alice, file=io.BytesIO(archive_of(alice)))
    assert Preset.objects.count() == 1


def test_another_reader_gets_their_own_and_no_provider_of_others(
    alice: User, bob: User, preset: Preset
) -> None:
    services.archive_read(user=bob, file=io.BytesIO(archive_of(alice)))
    newest = PresetVersion.objects.get(preset__owner=bob, number=2)
    assert newest.settings["provider"] == ""
    assert newest.settings["parameters"] == {"temperature": "0.70"}
    assert Preset.objects.filter(owner=alice).count() == 1


def test_the_archive_has_no_presets_of_others(alice: User, bob: User, preset: Preset) -> None:
    with zipfile.ZipFile(io.BytesIO(archive_of(bob))) as archive:
        assert json.loads(archive.read("presets.json")) == []


VERSION = {"settings": {"system": "x"}, "message": ""}
GOOD = {"id": "a", "name": "Good", "versions": [VERSION]}


@pytest.mark.parametrize(
    "entry",
    [
        7,
        None,
        {},
        GOOD | {"name": 7},
        GOOD | {"name": "   "},
        GOOD | {"versions": []},
        GOOD | {"versions": {}},
        GOOD | {"versions": [7]},
        GOOD | {"created": "yesterday"},
        GOOD | {"versions": [VERSION | {"message": "{{#section}}"}]},
        GOOD | {"versions": [{"settings": {"parameters": {"a": 1}}}]},
        GOOD | {"versions": [{"settings": {"system": ["x"]}}]},
        GOOD | {"versions": [{"settings": {"system": "x" * 1_000_001}}]},
        GOOD | {"versions": [VERSION | {"variables": [{"name": "../a", "kind": "text"}]}]},
        GOOD | {"versions": [VERSION | {"variables": [{"name": "a", "kind": "script"}]}]},
    ],
)
def test_what_makes_no_sense_is_refused_and_the_rest_comes(entry: object, alice: User) -> None:
    done = services.archive_read(user=alice, file=archive_with(alice, [entry, GOOD]))
    assert len(done.refused) == 1
    assert done.refused[0].startswith("presets.json, entry 1")
    assert [preset.name for preset in Preset.objects.all()] == ["Good"]


def test_no_archive_brings_more_presets_than_one_may_have(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conversations.services.archiving_presets.PRESETS_MAX", 2)
    many = [GOOD | {"id": str(number)} for number in range(3)]
    done = services.archive_read(user=alice, file=archive_with(alice, many))
    assert done.refused == ("presets.json, entry 3: one person may have 2",)
    assert Preset.objects.count() == 2
