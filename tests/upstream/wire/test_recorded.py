"""Every recorded response assembles to what is expected of it, however the network cuts it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.upstream.wire.cases import (
    Case,
    assert_adds_up,
    assert_expected,
    cut,
    ids,
    need_recorded,
    per_byte,
    recorded,
    replay,
    whole,
)
from upstream.wire.capture import Secrets
from upstream.wire.sse import events_of

CASES = recorded()
WITH_READS = [case for case in CASES if case.reads]
SECRETS = Secrets(["sk-canary-1234567890-abcdefghijkl"])


def test_the_recordings_are_there() -> None:
    need_recorded()
    assert len(CASES) >= 89


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_a_recording_read_whole_gives_what_is_expected_and_keeps_its_bytes(case: Case) -> None:
    done = replay(case, whole(case.body))
    assert_expected(case, done.outcome)
    assert done.raw == case.body


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_a_recording_read_byte_by_byte_gives_the_same(case: Case) -> None:
    done = replay(case, per_byte(case.body))
    assert_expected(case, done.outcome)
    assert done.raw == case.body


@pytest.mark.parametrize("case", WITH_READS, ids=ids(WITH_READS))
def test_a_recording_read_as_it_was_recorded_gives_the_same(case: Case) -> None:
    done = replay(case, cut(case.body, case.reads))
    assert_expected(case, done.outcome)
    assert done.raw == case.body


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_a_recording_cut_anywhere_gives_the_same(case: Case, data: st.DataObject) -> None:
    lengths = data.draw(st.lists(st.integers(1, max(len(case.body) // 4, 2)), max_size=40))
    done = replay(case, cut(case.body, lengths))
    assert_expected(case, done.outcome)
    assert done.raw == case.body


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_the_live_updates_of_a_recording_add_up_to_its_response(case: Case) -> None:
    done = replay(case, cut(case.body, [64] * (len(case.body) // 64)))
    assert_adds_up(done.updates, done.outcome.response)


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_masking_changes_nothing_where_no_secret_is(case: Case) -> None:
    done = replay(case, cut(case.body, [100] * (len(case.body) // 100)), SECRETS)
    assert_expected(case, done.outcome)
    assert done.raw == case.body


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_the_events_of_a_kept_trace_cover_every_byte(case: Case) -> None:
    events = list(events_of(case.body))
    assert [event.start for event in events] == [0, *(event.end for event in events[:-1])]
    assert events[-1].end == len(case.body)
    if case.id.endswith("-sse"):
        content = "".join(event.text for event in events if event.kind == "content")
        outcome = replay(case, whole(case.body)).outcome
        expected = "".join(choice["message"]["content"] or "" for choice in outcome.response["choices"])
        if len(outcome.response["choices"]) == 1 and "<think>" not in expected and content:
            assert sorted(content) == sorted(expected) or len(content) > len(expected)
