"""JSON source text is read strictly and never loses how something was typed."""

import json
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upstream.catalog import json_text
from upstream.catalog.json_text import InvalidJsonText, Number

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
INDENTS = st.sampled_from([None, 0, 2, "\t"])


def plain(value: Any) -> Any:
    """Turn what `parse` returns into what `json.loads` would have returned."""
    match value:
        case Number():
            return json.loads(value.text)
        case list():
            return [plain(item) for item in value]
        case dict():
            return {name: plain(item) for name, item in value.items()}
    return value


def refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


@given(VALUES, INDENTS)
def test_what_json_dumps_writes_is_read_back(value: Any, indent: int | str | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=True)

    assert plain(json_text.parse(text)) == json.loads(text)


@given(st.text())
def test_any_text_is_read_or_refused_as_json_loads_would(text: str) -> None:
    try:
        json_text.parse(text)
    except InvalidJsonText:
        with pytest.raises(ValueError, match=r"."):
            json.loads(text, parse_constant=refuse)
    else:
        json.loads(text)


@pytest.mark.parametrize("text", ["1", "-0", "0.70", "1E5", "1.0", "100000000000000000000000000000000001"])
def test_numbers_keep_their_text(text: str) -> None:
    assert json_text.parse(f" {text}\n") == Number(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("null", "null"),
        ("true", "boolean"),
        ("7", "integer"),
        ("-7", "integer"),
        ("7.0", "number"),
        ("7e0", "number"),
        ('"7"', "string"),
        ("[7]", "array"),
        ('{"a": 7}', "object"),
    ],
)
def test_the_type_is_the_one_json_schema_knows(text: str, kind: str) -> None:
    assert json_text.type_name(json_text.parse(text)) == kind


@given(st.lists(st.tuples(st.text(), VALUES)), INDENTS)
def test_members_keep_order_doubles_and_source(
    pairs: list[tuple[str, Any]], indent: int | str | None
) -> None:
    written = [(name, json.dumps(value, indent=indent)) for name, value in pairs]
    text = "{" + " , ".join(f"{json.dumps(name)} :\n{source}" for name, source in written) + " }"

    assert json_text.members(text) == written


@given(st.lists(VALUES), INDENTS)
def test_items_keep_order_and_source(values: list[Any], indent: int | str | None) -> None:
    written = [json.dumps(value, indent=indent) for value in values]

    assert json_text.items("\t[" + ",".join(written) + " ]") == written


@pytest.mark.parametrize("text", ["[]", "1", "null", '"{}"'])
def test_only_an_object_has_members(text: str) -> None:
    with pytest.raises(TypeError):
        json_text.members(text)


@pytest.mark.parametrize("text", ["{}", "1", "null", '"[]"'])
def test_only_an_array_has_items(text: str) -> None:
    with pytest.raises(TypeError):
        json_text.items(text)


def test_a_number_of_any_length_is_split_off() -> None:
    digits = "9" * 50_000

    assert json_text.members(f'{{"n": {digits}}}') == [("n", digits)]
