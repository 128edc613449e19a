"""The catalog files are complete, and a malformed one is refused loudly."""

import json
import tomllib
from pathlib import Path

import pytest

from upstream import catalog
from upstream.catalog import API_IDS, Api, CatalogError, Field, UnknownApi
from upstream.catalog.loader import api_parse, file_text

APIS = [catalog.api(api_id) for api_id in API_IDS]


def described(api: Api) -> list[Field]:
    return [*api.fields(), *api.response_fields, *api.headers]


def test_every_file_is_offered() -> None:
    files = {path.stem for path in Path(catalog.__file__).parent.glob("*.toml")}

    assert files == {*API_IDS, "common"}
    assert tuple(catalog.apis()) == API_IDS


@pytest.mark.parametrize("api_id", ["", "nobody", "common", "../catalog/generic", "generic.toml"])
def test_an_unknown_id_is_never_a_path(api_id: str) -> None:
    with pytest.raises(UnknownApi):
        catalog.api(api_id)


@pytest.mark.parametrize("api", APIS, ids=lambda api: api.id)
def test_everything_is_explained_in_both_languages(api: Api) -> None:
    for field in described(api):
        assert field.help.en.endswith("."), field.path
        assert field.help.zh_hans.endswith("。"), field.path
        assert any("\u4e00" <= character <= "\u9fff" for character in field.help.zh_hans), field.path


@pytest.mark.parametrize("api", APIS, ids=lambda api: api.id)
def test_controls_suit_the_documented_types(api: Api) -> None:
    suits = {
        "slider": {"integer", "number"},
        "number": {"integer", "number"},
        "integer": {"integer"},
        "boolean": {"boolean"},
        "select": {"string"},
        "text": {"string"},
        "list": {"array"},
        "pairs": {"object"},
    }
    for parameter in api.parameters:
        assert parameter.control == "json" or suits[parameter.control] & set(parameter.types), parameter.path
        assert (parameter.slider is not None) or parameter.control != "slider", parameter.path


@pytest.mark.parametrize("api", APIS, ids=lambda api: api.id)
def test_a_new_column_sends_nothing_the_reference_would_warn_about(api: Api) -> None:
    for name, text in api.initial.items():
        parameter = api.parameter(name)
        assert parameter is not None
        assert parameter.judge(text).warnings == ()


def test_the_documented_models_are_all_there() -> None:
    assert len(catalog.api("siliconflow-chat").models) == 32
    assert len(catalog.api("siliconflow-vision").models) == 7


def test_telemm_takes_base64_only() -> None:
    images = catalog.api("siliconflow-vision").images

    assert images is not None
    assert images.base64_only == ("TeleAI/TeleMM",)


def test_shared_words_are_all_used() -> None:
    shared = tomllib.loads(file_text("common"))
    sections = {
        "request": {field.path for api in APIS for field in api.fields()},
        "response": {field.path for api in APIS for field in api.response_fields},
        "headers": {field.path for api in APIS for field in api.headers},
    }

    for section, used in sections.items():
        assert set(shared[section]) <= used, section
    known = {"en", "zh-hans", "group", "control", "slider", "unit"}
    assert all(set(entry) <= known for section in sections for entry in shared[section].values())


def test_words_fall_back_to_english() -> None:
    words = catalog.api("generic").names

    assert words.in_language("zh-cn") == words["zh-hans"]
    assert words.in_language("de") == words.in_language(None) == words["en"]
    assert dict(words) == {"en": words.en, "zh-hans": words.zh_hans}


MINIMAL = """
id = "tiny"
kind = "chat"
method = "POST"
path = "/chat/completions"
names = { en = "Tiny", zh-hans = "小" }
description = { en = "Small.", zh-hans = "小。" }
references = [{ id = "made-up", title = "Made up" }]
request = [
  { path = "model", type = "string", en = "M.", zh-hans = "模。" },
  { path = "messages", type = "array", en = "M.", zh-hans = "消。" },
  { path = "messages.role", type = "string", enum = ["user"], en = "R.", zh-hans = "角。" },
  { path = "heat", type = "number", group = "sampling", minimum = 0, maximum = 2, default = "1", en = "H.", zh-hans = "热" },
]
"""
MODEL = '{ path = "model", type = "string", en = "M.", zh-hans = "模。" }'
COMMON = """
[groups]
sampling = { en = "Sampling", zh-hans = "采样" }
"""


def test_a_minimal_file_is_read() -> None:
    api = api_parse(MINIMAL, COMMON, "tiny")

    assert [parameter.name for parameter in api.parameters] == ["heat"]
    assert api.parameters[0].control == "slider"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('id = "tiny"', 'id = "other"', "says 'other'"),
        ('id = "tiny"', "id = tiny", "Invalid value"),
        ('kind = "chat"', "", "kind is missing"),
        ('kind = "chat"', 'kind = "chat"\ncolour = "red"', "unknown colour"),
        ('type = "number"', 'type = "float"', "'float' is not a JSON type"),
        ('type = "number", ', "", "type is missing"),
        ("minimum = 0", "minimun = 0", "unknown minimun"),
        ("minimum = 0", "minimum = true", "minimum has the wrong type"),
        ("minimum = 0", "minimum = 0, exclusive_minimum = 0", "minimum is given twice"),
        ("minimum = 0", "minimum = 3", "has an empty range"),
        ('default = "1"', 'default = "one"', "default is not JSON"),
        ('default = "1"', "default = 1", "default has the wrong type"),
        ('default = "1"', 'default = "7"', "would warn"),
        ('group = "sampling"', 'group = "cooking"', "unknown group 'cooking'"),
        ('group = "sampling"', 'group = "sampling", control = "knob"', "unknown control 'knob'"),
        ('group = "sampling"', 'group = "sampling", reference = "x"', "reference 'x' is not listed"),
        (
            'group = "sampling"',
            'group = "sampling", slider = { from = 1, to = 0, step = 1 }',
            "a slider needs",
        ),
        ('en = "H."', 'de = "H."', "en is missing"),
        ('{ path = "model"', f'{MODEL}, {{ path = "model"', "described twice"),
        (
            '{ path = "model"',
            f'{MODEL.replace("model", "sink.tap")}, {{ path = "model"',
            "without its parent",
        ),
        ('path = "messages.role"', 'path = "messages.rule"', "messages.role is missing"),
        ("references = [", "initial = { cold = '1' }\nreferences = [", "unknown parameter 'cold'"),
        ('references = [{ id = "made-up", title = "Made up" }]', "references = []", "references are missing"),
        ('references = [{ id = "made-up", title = "Made up" }]', 'references = ["x"]', "must hold tables"),
    ],
)
def test_a_malformed_file_is_refused_with_its_place_and_reason(old: str, new: str, reason: str) -> None:
    assert old in MINIMAL

    with pytest.raises(CatalogError, match=r"^(tiny|common)\.toml: .*") as caught:
        api_parse(MINIMAL.replace(old, new), COMMON, "tiny")

    assert reason in str(caught.value)


def test_no_default_is_kept_other_than_as_json_text() -> None:
    for api in APIS:
        for field in api.fields():
            for text in filter(None, (field.default, field.example)):
                json.loads(text)
