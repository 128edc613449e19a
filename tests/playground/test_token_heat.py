"""Logprobs become text with probabilities, whatever providers make of them."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.token_heat import level_of, perplexity, prefix_of, units_of


def token(data: bytes, probability: float, *others: tuple[bytes, float]) -> dict[str, Any]:
    def entry(held: bytes, share: float) -> dict[str, Any]:
        return {"token": held.decode("utf-8", "replace"), "logprob": math.log(share), "bytes": list(held)}

    top = [entry(data, probability), *(entry(held, share) for held, share in others)]
    return entry(data, probability) | {"top_logprobs": top}


def test_tokens_with_their_alternatives_and_where_a_branch_would_begin() -> None:
    units = units_of(
        {"content": [token(b"The", 0.95), token(b" tail", 0.5, (b" end", 0.3), (b" \xe4", 0.1))]}
    )
    assert [(unit.text, round(unit.probability, 2), unit.level) for unit in units] == [
        ("The", 0.95, 0),
        (" tail", 0.5, 2),
    ]
    found = [
        (each.text, round(each.probability, 2), each.chosen, each.whole) for each in units[1].alternatives
    ]
    assert found == [(" tail", 0.5, True, True), (" end", 0.3, False, True), (" \\xe4", 0.1, False, False)]
    assert prefix_of(units, 2, 1) == "The end"
    for number, alternative in ((2, 2), (2, 3), (0, 0), (3, 0), (2, -1)):
        with pytest.raises(LookupError):
            prefix_of(units, number, alternative)


def test_the_tokens_of_one_character_are_joined() -> None:
    emoji = "🙂".encode()
    tokens = [token(emoji[:2], 0.5), token(emoji[2:3], 0.8), token(emoji[3:], 1.0), token(b"!", 0.9)]
    units = units_of({"content": tokens})
    assert [(unit.text, unit.parts) for unit in units] == [("🙂", 3), ("!", 1)]
    assert units[0].probability == pytest.approx(0.4)
    assert units[1].first == 3


def test_bytes_that_never_make_a_character_are_shown_as_bytes() -> None:
    units = units_of({"content": [token(b"\xff", 0.5), token(b"a", 0.5)]})
    assert [(unit.text, unit.whole) for unit in units] == [("\\xff", False), ("a", True)]
    with pytest.raises(LookupError):
        prefix_of(units, 2, 0)


def test_the_older_shape_is_read_too() -> None:
    older = {
        "tokens": ["a", "b"],
        "token_logprobs": [None, -0.1],
        "top_logprobs": [None, {"b": -0.1, "c": -2}],
    }
    units = units_of(older)
    assert [unit.text for unit in units] == ["a", "b"]
    assert [each.text for each in units[1].alternatives] == ["b", "c"]


def test_what_cannot_be_seen_is_spelled_and_what_takes_no_room_has_a_mark() -> None:
    texts = ["a", " ", "a\n", "\n", " \n\n", ""]
    units = units_of({"content": [{"token": text, "logprob": 0} for text in texts]})
    assert [unit.spelled for unit in units] == ["", "␣", "", "↵", "␣↵↵", "∅"]
    assert [unit.mark for unit in units] == ["", "", "", "↵", "↵↵", "∅"]


def test_levels_and_perplexity() -> None:
    assert [level_of(share) for share in (1.0, 0.9, 0.89, 0.5, 0.2, 0.1)] == [0, 0, 1, 2, 3, 4]
    units = units_of({"content": [token(b"a", 0.5), token(b"b", 0.5)]})
    assert perplexity(units) == pytest.approx(2.0)
    assert perplexity([]) is None


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["content", "token", "logprob", "bytes", "top_logprobs", "tokens"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(ANYTHING)
def test_nothing_that_a_provider_sends_breaks_it(value: Any) -> None:
    for unit in units_of(value):
        assert 0.0 <= unit.probability <= 1.0
        assert perplexity([unit]) is not None
