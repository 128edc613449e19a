"""What differs between two requests is found by member, item and word, whatever they hold."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground import json_diff
from playground.json_diff import Diff, diff, text_pieces
from playground.json_values import NotJson, source, value_read

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab \n", max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=4),
    max_leaves=12,
)


def compared(old: Any, new: Any) -> Diff:
    return diff(value_read(json.dumps(old)), value_read(json.dumps(new)))


def lines(found: Diff) -> list[str]:
    marks = {"same": " ", "added": "+", "removed": "-", "changed": "~", "skipped": "…"}
    return [
        marks[row.mark] + (str(row.skipped) if row.skipped else "".join(piece.text for piece in row.pieces))
        for row in found.rows
    ]


def test_a_message_more_and_a_number_changed() -> None:
    old = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "temperature": 0.70}
    new = {"model": "m", "messages": [*old["messages"], {"role": "assistant"}], "temperature": 1}  # type: ignore[misc]
    assert lines(compared(old, new)) == [
        " {",
        "…1",
        ' "messages": [',
        "…1",
        '+{ "role": "assistant" }',
        " ]",
        '-"temperature": 0.7',
        '+"temperature": 1',
        " }",
    ]


def test_words_of_a_text() -> None:
    (row,) = [
        row for row in compared({"a": "one two three"}, {"a": "one 2 three"}).rows if row.mark == "changed"
    ]
    assert [(piece.mark, piece.text) for piece in row.pieces] == [
        ("same", '"a": "'),
        ("same", "one "),
        ("removed", "two"),
        ("added", "2"),
        ("same", " three"),
        ("same", '"'),
    ]


def test_how_a_number_is_written_counts_and_the_order_of_members_does_not() -> None:
    assert not diff(value_read('{"a": 1.0}'), value_read('{"a": 1}')).equal
    assert diff(value_read('{"a": [], "b": null}'), value_read('{"a": [], "b": null}')).equal
    assert diff(value_read('{"a": 1, "b": 2}'), value_read('{"b": 2, "a": 1}')).counts["added"] == 0


@given(JSON, JSON)
def test_it_says_something_exactly_where_something_differs(old: Any, new: Any) -> None:
    marked = sum(compared(old, new).counts[mark] for mark in ("added", "removed", "changed"))
    a, b = json.dumps(old, sort_keys=True), json.dumps(new, sort_keys=True)
    assert (marked > 0) == (a != b)


@given(JSON, JSON)
def test_turned_round_what_came_is_what_went(old: Any, new: Any) -> None:
    there, back = compared(old, new).counts, compared(new, old).counts
    assert there["added"] + there["removed"] == back["added"] + back["removed"]
    assert there["changed"] == back["changed"]


@given(st.text("ab 世\n", max_size=40), st.text("ab 世\n", max_size=40))
def test_the_pieces_of_a_text_are_both_texts(old: str, new: str) -> None:
    pieces = text_pieces(old, new)
    assert "".join(piece.text for piece in pieces if piece.mark != "added") == old
    assert "".join(piece.text for piece in pieces if piece.mark != "removed") == new


@given(JSON)
def test_a_value_is_written_as_it_was_read(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assert source(value_read(text)) == text


def test_literals_and_members_given_twice_stay() -> None:
    text = '{"a": 0.70, "a": 1e5, "b": [true, null, 12345678901234567890]}'
    assert source(value_read(text)) == text


@pytest.mark.parametrize("text", ["", "{", "[1,]", "[" * 100_000])
def test_what_is_no_json_says_so(text: str) -> None:
    with pytest.raises(NotJson):
        value_read(text)


def test_large_and_deep_values_stay_within_bounds() -> None:
    deep: Any = 1
    for _level in range(300):
        deep = [deep]
    assert not compared(deep, [deep]).equal
    found = compared(list(range(5_000)), [str(n) for n in range(5_000)])
    assert found.cut
    assert len(found.rows) <= json_diff.MAX_ROWS
    (row,) = [r for r in compared({"t": "x y " * 50_000}, {"t": "z w " * 50_000}).rows if r.mark == "changed"]
    assert sum(len(piece.text) for piece in row.pieces) < 10_000
