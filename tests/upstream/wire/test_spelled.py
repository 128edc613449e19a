"""Numbers are written again as they were typed; everything else as the standard library writes it."""

import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upstream.wire.spelled import Spelled, spelled_dumps, spelled_loads

NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?", fullmatch=True)
SOURCES = st.recursive(
    NUMBERS | st.sampled_from(["null", "true", '"é\\n"', '""', "[]", "{}"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda items: f"[{','.join(items)}]"),
        st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), inner, max_size=4).map(
            lambda members: (
                "{"
                + ",".join(f"{json.dumps(name, ensure_ascii=False)}:{each}" for name, each in members.items())
                + "}"
            )
        ),
    ),
    max_leaves=12,
)


@given(source=SOURCES)
def test_a_text_is_written_again_letter_for_letter(source: str) -> None:
    value = spelled_loads(source)

    assert spelled_dumps(value) == source
    assert json.loads(spelled_dumps(value, indent=2)) == json.loads(source)
    assert spelled_dumps(copy.deepcopy(value)) == source
    assert spelled_dumps(pickle.loads(pickle.dumps(value))) == source


@given(source=SOURCES)
def test_it_lays_out_as_the_standard_library_does(source: str) -> None:
    plain = json.loads(source)

    assert spelled_dumps([plain, Spelled("1.00")], indent=2) == json.dumps(
        [plain, 7654321.5], ensure_ascii=False, indent=2
    ).replace("7654321.5", "1.00")


@pytest.mark.parametrize("source", ["1.0", "0.5", "7", "-3", "12345678901234567890"])
def test_what_python_spells_the_same_is_an_ordinary_number(source: str) -> None:
    assert type(spelled_loads(source)) in (int, float)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), [Spelled("1.00"), float("nan")], {1: Spelled("1.00")}]
)
def test_what_is_no_json_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        spelled_dumps(value if not isinstance(value, dict) else [value])
