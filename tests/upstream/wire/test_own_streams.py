"""The streams written for this project: one per quirk and per known item, each read in every way."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.upstream.wire.cases import (
    Case,
    assert_adds_up,
    assert_expected,
    cut,
    ids,
    own,
    per_byte,
    replay,
    whole,
)
from upstream.wire.capture import Secrets
from upstream.wire.sse import events_of

CASES = own()
SECRETS = Secrets(["sk-canary-1234567890-abcdefghijkl"])


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_an_own_stream_read_whole_gives_what_is_expected_and_keeps_its_bytes(case: Case) -> None:
    done = replay(case, whole(case.body))
    assert_expected(case, done.outcome)
    assert done.raw == case.body


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_an_own_stream_read_byte_by_byte_gives_the_same(case: Case) -> None:
    done = replay(case, per_byte(case.body))
    assert_expected(case, done.outcome)
    assert done.raw == case.body
    assert_adds_up(done.updates, done.outcome.response)


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_an_own_stream_cut_anywhere_gives_the_same_with_masking_too(case: Case, data: st.DataObject) -> None:
    lengths = data.draw(st.lists(st.integers(1, max(len(case.body) // 3, 2)), max_size=30))
    done = replay(case, cut(case.body, lengths), SECRETS)
    assert_expected(case, done.outcome)
    assert done.raw == case.body


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_the_events_of_an_own_stream_cover_every_byte(case: Case) -> None:
    events = list(events_of(case.body))
    assert b"".join(case.body[event.start : event.end] for event in events) in (
        case.body,
        case.body.removeprefix(b"\xef\xbb\xbf"),
    )


def test_every_quirk_has_a_stream() -> None:
    told = {case.about["quirk"] for case in CASES}
    assert {f"quirk {number}" for number in range(1, 16)} <= told
