"""Each parameter is judged as its reference documents it, at its bounds and just beyond them."""

import json
from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.upstream.catalog.members import holding
from upstream import catalog
from upstream.catalog import (
    Api,
    Field,
    Judgement,
    OtherType,
    OutOfRange,
    Parameter,
    TooManyItems,
    UnknownChoice,
)


def parameter(api: str, name: str) -> Parameter:
    found = catalog.api(api).parameter(name)
    assert found is not None
    return found


def bounds() -> Iterator[tuple[str, str, str, bool]]:
    """Every documented bound, of members too: API, path, JSON text at or beside the bound, whether that lies inside."""
    for api in catalog.apis().values():
        for each in judged_fields(api):
            for bound, exclusive, outward in (
                (each.minimum, each.exclusive_minimum, Decimal(-1)),
                (each.maximum, each.exclusive_maximum, Decimal(1)),
            ):
                if bound is not None:
                    yield api.id, each.path, str(bound), not exclusive
                    yield api.id, each.path, str(bound - outward), True
                    yield api.id, each.path, str(bound + outward), False
                    if "number" in each.types:
                        yield api.id, each.path, str(bound + outward * Decimal("0.001")), False
                        yield api.id, each.path, str(bound - outward * Decimal("0.001")), True


def judged_fields(api: Api) -> list[Field]:
    """Return every parameter of the form and everything inside it."""
    return [field for parameter in api.parameters for field in (parameter, *parameter.fields)]


def judged_at(api: str, path: str, text: str) -> Judgement:
    """Judge a member by what its parameter sends: the smallest value that holds this JSON text at this path."""
    types = {field.path: field.types for field in judged_fields(catalog.api(api))}
    return parameter(api, path.partition(".")[0]).judge(holding(path, types, text))


@pytest.mark.parametrize(("api", "path", "text", "inside"), list(bounds()))
def test_a_value_is_in_range_up_to_its_bound(api: str, path: str, text: str, inside: bool) -> None:
    judgement = judged_at(api, path, text)

    assert judgement.error is None
    assert [type(warning) for warning in judgement.warnings] == ([] if inside else [OutOfRange])


ALL_FIELDS = [(api.id, field) for api in catalog.apis().values() for field in judged_fields(api)]


@pytest.mark.parametrize(("api", "field"), [each for each in ALL_FIELDS if each[1].max_items])
def test_as_many_entries_as_documented_are_fine_and_one_more_is_not(api: str, field: Field) -> None:
    most = field.max_items or 0
    for count in (most, most + 1):
        named = json.dumps({str(number): "" for number in range(count)})
        entries = named if "object" in field.types else json.dumps([""] * count)
        found = [type(warning) for warning in judged_at(api, field.path, entries).warnings]
        assert (TooManyItems in found) is (count > most)


@pytest.mark.parametrize(
    ("api", "path", "choice"),
    [
        (api, field.path, choice)
        for api, field in ALL_FIELDS
        if field.enum
        for choice in (*field.enum, "no such choice")
    ],
)
def test_a_documented_choice_is_fine_wherever_it_lies(api: str, path: str, choice: str) -> None:
    field = next(field for known, field in ALL_FIELDS if (known, field.path) == (api, path))
    text = json.dumps([choice] if field.types[0] == "array" else choice)

    found = [type(warning) for warning in judged_at(api, path, text).warnings]

    assert found == ([] if choice in field.enum else [UnknownChoice])


@pytest.mark.parametrize(
    ("api", "text", "nearest"),
    [
        ("siliconflow-vision", "1", "2"),
        ("siliconflow-vision", "2", None),
        ("siliconflow-vision", "4095", None),
        ("siliconflow-vision", "4096", "4095"),
        ("siliconflow-chat", "0", "1"),
        ("siliconflow-chat", "1", None),
        ("siliconflow-chat", "16384", None),
        ("siliconflow-chat", "20000", "16384"),
    ],
)
def test_max_tokens_keeps_the_two_documented_kinds_of_range(api: str, text: str, nearest: str | None) -> None:
    warnings = parameter(api, "max_tokens").judge(text).warnings

    assert [warning.nearest for warning in warnings if isinstance(warning, OutOfRange)] == (
        [nearest] if nearest else []
    )


def all_parameters() -> Iterator[Parameter]:
    for api in catalog.apis().values():
        yield from api.parameters


ALL = list(all_parameters())
SAMPLES = {
    "null": "null",
    "boolean": "true",
    "integer": "1",
    "number": "0.5",
    "string": '"text"',
    "array": "[]",
    "object": "{}",
}


@pytest.mark.parametrize("each", ALL, ids=lambda each: f"{each.reference}-{each.name}")
@pytest.mark.parametrize("kind", SAMPLES)
def test_another_json_type_than_documented_is_a_warning_and_never_an_error(
    each: Parameter, kind: str
) -> None:
    judgement = each.judge(SAMPLES[kind])
    documented = kind in each.types or (kind == "integer" and "number" in each.types)

    assert judgement.error is None
    assert any(isinstance(warning, OtherType) for warning in judgement.warnings) is not documented


@pytest.mark.parametrize("each", ALL, ids=lambda each: f"{each.reference}-{each.name}")
def test_documented_defaults_and_choices_are_not_warned_about(each: Parameter) -> None:
    array = each.types[0] == "array"
    texts = [json.dumps([choice] if array else choice) for choice in each.enum]

    for text in [*texts, *filter(None, (each.default, each.example))]:
        assert each.judge(text).warnings == ()


@pytest.mark.parametrize("each", ALL, ids=lambda each: f"{each.reference}-{each.name}")
def test_an_unknown_choice_is_a_warning(each: Parameter) -> None:
    text = '["no such choice"]' if each.types[0] == "array" else '"no such choice"'

    found = any(isinstance(warning, UnknownChoice) for warning in each.judge(text).warnings)

    assert found is bool(each.enum)


def test_a_fraction_is_sendable_where_the_reference_says_integer() -> None:
    (warning,) = parameter("gateway-vision", "temperature").judge("0.7").warnings

    assert isinstance(warning, OtherType)
    assert (warning.got, warning.field.types) == ("number", ("integer",))


def test_more_stops_than_documented_are_counted() -> None:
    stop = parameter("siliconflow-chat", "stop")

    assert stop.judge('["a", "b", "c", "d"]').warnings == ()
    (warning,) = stop.judge('["a", "b", "c", "d", "e"]').warnings
    assert isinstance(warning, TooManyItems)
    assert (warning.count, warning.field.max_items) == (5, 4)


def test_members_are_judged_where_they_lie() -> None:
    logit_bias = parameter("openai-chat", "logit_bias")

    (warning,) = logit_bias.judge('{"1212": 100, "50256": -101}').warnings

    assert isinstance(warning, OutOfRange)
    assert (warning.path, warning.nearest) == ("logit_bias.50256", "-100")


def test_members_of_list_items_are_judged() -> None:
    tools = parameter("openai-chat", "tools")

    (warning,) = tools.judge('[{"type": "function", "function": {"name": 7}}]').warnings

    assert isinstance(warning, OtherType)
    assert warning.path == "tools.function.name"


def test_undocumented_members_are_nobodys_business() -> None:
    assert (
        parameter("openai-chat", "response_format").judge('{"type": "text", "x": [1, {"y": null}]}').warnings
        == ()
    )


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("seven", "not_json"),
        ("NaN", "not_json"),
        ("-Infinity", "not_json"),
        ("1 2", "not_json"),
        ("01", "not_json"),
        ("{'a': 1}", "not_json"),
        ('"unfinished', "not_json"),
        ("[" * 100_000, "too_deep"),
        ("[" * 300 + "]" * 300, "too_deep"),
        ('"' + "x" * 5_000_000 + '"', "too_long"),
        ('"\ud800"', "not_unicode"),
    ],
)
def test_text_that_is_not_one_json_value_is_an_error(text: str, error: str) -> None:
    judgement = parameter("generic", "temperature").judge(text)

    assert (judgement.error, judgement.warnings) == (error, ())


@pytest.mark.parametrize(
    "text", ["1e999999999999999999999", "-1e999999999999999999999", "1e-99999999999999999999999"]
)
def test_numbers_beyond_any_machine_are_compared_all_the_same(text: str) -> None:
    temperature = parameter("openai-chat", "temperature")

    assert bool(temperature.judge(text).warnings) is (not text.startswith("1e-"))


def test_a_number_of_many_digits_is_no_error() -> None:
    assert parameter("generic", "seed").judge("9" * 10_000).error is None


def test_models_are_names_or_patterns() -> None:
    effort = parameter("openai-chat", "reasoning_effort")

    assert effort.applies_to("o3-mini")
    assert effort.applies_to("")
    assert not effort.applies_to("gpt-4o")


def test_field_names_are_the_last_part_of_the_path() -> None:
    fields: dict[str, Field] = {field.path: field for field in catalog.api("openai-chat").fields()}

    assert fields["response_format.json_schema.strict"].name == "strict"
