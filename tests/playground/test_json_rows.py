"""JSON laid out for reading keeps every literal, whatever it is."""

import html
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground import json_rows as module
from playground.json_rows import Row, json_rows
from playground.templatetags.json_text import is_json, json_pretty, rows_html

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def lines(text: str) -> list[str]:
    rows = json_rows(text)
    assert rows is not None
    return ["".join(piece.text for piece in row.pieces) for row in rows]


def test_members_stand_one_to_a_line_and_short_containers_on_theirs() -> None:
    text = (
        '{"model":"a","messages":[{"role":"user","content":"' + "long " * 20 + '"}],"stop":[],"o":{"a":true}}'
    )

    assert lines(text) == [
        "{",
        '  "model": "a",',
        '  "messages": [',
        "    {",
        '      "role": "user",',
        '      "content": "' + "long " * 20 + '"',
        "    }",
        "  ],",
        '  "stop": [],',
        '  "o": { "a": true }',
        "}",
    ]


@pytest.mark.parametrize("literal", ["0.70", "1e400", "-0", '"\\u00e9\\/"', "1.0", "9" * 5000])
def test_literals_stay_as_they_were_written(literal: str) -> None:
    assert literal in "".join(lines('{"value":' + literal + "}"))


def test_a_member_given_twice_is_shown_twice() -> None:
    assert lines('{"a":1,"a":2}') == ['{ "a": 1, "a": 2 }']


@given(VALUES, st.sampled_from([None, 2]))
def test_the_lines_hold_the_value_and_nothing_else(value: object, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)

    assert json.loads("\n".join(lines(text))) == value


@pytest.mark.parametrize(
    "text", ["", "   ", "not json", "[1, 2", "]", '{"a": "open}', "<html>", "data: {}", "[1}}"]
)
def test_what_does_not_read_as_json_is_left_alone(text: str) -> None:
    assert json_rows(text) is None
    assert not is_json(text)
    assert html.unescape(json_pretty(text)) == text


def test_rows_name_the_top_level_member_they_belong_to() -> None:
    rows = json_rows('{"a":1,"tools":[{"type":"function","function":{"name":"get_weather"}}],"b":2}')

    assert rows is not None
    assert rows[0].path == rows[-1].path == ""
    assert {row.path for row in rows} == {"", "a", "tools", "b"}


def test_a_long_string_is_cut_and_its_length_told() -> None:
    (text,) = lines(json.dumps("x" * 100_000))

    assert len(text) < module.MAX_STRING + 40
    assert text.endswith('… (100,000)"')


def test_more_lines_than_anybody_reads_are_left_out() -> None:
    rows = json_rows(json.dumps([["x" * 80]] * module.MAX_ROWS))

    assert rows is not None
    assert len(rows) == module.MAX_ROWS + 1
    assert rows[-1].pieces[-1].kind == "cut"


def test_html_shows_text_as_text() -> None:
    shown = json_pretty('{"a":"<script>alert(1)</script>&"}')

    assert "<script" not in shown
    assert "&lt;script&gt;" in shown


def test_html_without_its_tags_is_the_text_that_can_be_copied() -> None:
    shown = json_pretty('{"a": [1, 2], "b": null}')

    assert json.loads(html.unescape(re.sub(r"<[^>]+>", "", shown))) == {"a": [1, 2], "b": None}


def test_marked_members_stand_out() -> None:
    rows: tuple[Row, ...] | None = json_rows(
        '{"max_tokens":20000,"messages":[' + '"long enough",' * 9 + '""]}'
    )

    assert rows is not None
    shown = rows_html(rows, marked={"max_tokens": "warn"})
    assert re.findall(r'<span class="row row--(\w+)">', shown) == ["warn"]
