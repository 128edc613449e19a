"""What came back is kept: each read once, each ending once, whatever upstream put into it."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from conversations import selectors
from conversations.models import Exchange, Message, Trace
from conversations.services import (
    Ending,
    Progress,
    ResponseHead,
    Written,
    conversation_delete,
    exchange_recover,
    recordings_write,
)
from tests.desk import Desk, response
from tests.threads import at_once
from upstream.wire.reader import ResponseReader

pytestmark = pytest.mark.django_db
State = Exchange.State
HEAD = ResponseHead(
    status=200,
    reason="OK",
    http_version="HTTP/1.1",
    headers=(("Content-Type", "text/event-stream"), ("X-Twice", "a"), ("X-Twice", "b")),
    sent_headers=(("Host", "api.example.com"), ("Authorization", "••••cdef")),
    timing={"connect": 1.5, "first_byte": 12.25},
)


def ending(exchange_id: UUID, state: State = State.COMPLETED, **changes: Any) -> Ending:
    values: dict[str, Any] = {"response": response(), "error": None, "timing": {"ended": 99.5}}
    return Ending(exchange_id, state, **values | changes)


def write(*progress: Progress, end: Ending | None = None) -> Written:
    return recordings_write(progress=progress, endings=[end] if end else [])


@pytest.fixture
def exchange(desk: Desk) -> Exchange:
    return Exchange.objects.get(pk=desk.open().exchanges[0].id)


def answer_of(exchange: Exchange) -> Message:
    return Message.objects.get(exchange=exchange)


def test_the_head_makes_an_exchange_stream_and_is_kept_in_wire_order(exchange: Exchange) -> None:
    write(Progress(exchange.pk, 0, head=HEAD))
    exchange.refresh_from_db()
    assert (exchange.state, exchange.status, exchange.reason) == ("streaming", 200, "OK")
    assert exchange.response_headers == [list(pair) for pair in HEAD.headers]
    assert exchange.headers == [list(pair) for pair in HEAD.sent_headers]
    assert exchange.timing == {"connect": 1.5, "first_byte": 12.25}


def test_pieces_come_back_as_one_response_with_the_time_of_each_read(exchange: Exchange) -> None:
    write(Progress(exchange.pk, 0, ((b"data: a", 1.0), (b"\n\n", 2.5))))
    write(Progress(exchange.pk, 1))
    write(Progress(exchange.pk, 2, ((bytes(range(256)), 3.0004),)))
    trace = selectors.trace_of(exchange_id=exchange.pk)
    assert trace.raw == b"data: a\n\n" + bytes(range(256))
    assert trace.pieces == ((7, 1.0), (2, 2.5), (256, 3.0))
    assert Trace.objects.count() == 2


def test_the_same_write_again_changes_nothing(exchange: Exchange) -> None:
    progress = Progress(exchange.pk, 0, ((b"abc", 1.0),), HEAD)
    end = ending(exchange.pk)
    first, again = write(progress, end=end), write(progress, end=end)
    assert first.ended == again.ended == {exchange.pk}
    assert selectors.trace_of(exchange_id=exchange.pk).raw == b"abc"
    assert Message.objects.filter(exchange=exchange).count() == 1


def test_each_write_is_a_beat(exchange: Exchange) -> None:
    before = exchange.beat
    write(Progress(exchange.pk, 0))
    exchange.refresh_from_db()
    assert exchange.beat > before


def test_the_ending_fills_the_answer_and_the_figures(exchange: Exchange) -> None:
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    end = ending(exchange.pk, response=response("Hello!", usage=usage))
    assert write(end=end).ended == {exchange.pk}
    exchange.refresh_from_db()
    assert (exchange.state, exchange.tokens_in, exchange.tokens_out) == ("completed", 7, 3)
    assert exchange.ended is not None
    assert exchange.usage == usage
    assert json.loads(exchange.response) == end.response
    answer = answer_of(exchange)
    assert (answer.text, answer.finish_reason) == ("Hello!", "stop")


def test_an_exchange_ends_once(exchange: Exchange) -> None:
    write(end=ending(exchange.pk, State.STOPPED, response=response("Half")))
    assert write(end=ending(exchange.pk, response=response("Half an answer"))).ended == set()
    exchange.refresh_from_db()
    assert exchange.state == "stopped"
    assert answer_of(exchange).text == "Half"


def test_after_its_end_nothing_is_added_and_the_writer_is_told(exchange: Exchange) -> None:
    write(end=ending(exchange.pk, State.INTERRUPTED))
    late = write(Progress(exchange.pk, 5, ((b"late", 1.0),), HEAD))
    assert late.gone == {exchange.pk}
    exchange.refresh_from_db()
    assert (exchange.state, exchange.status) == ("interrupted", None)
    assert not Trace.objects.exists()


def test_the_news_of_a_deleted_exchange_does_not_harm_the_others(desk: Desk) -> None:
    kept = desk.open().exchanges[0].id
    nowhere = uuid4()
    written = write(
        Progress(nowhere, 0, ((b"x", 1.0),), HEAD),
        Progress(kept, 0, ((b"y", 1.0),)),
        end=ending(nowhere),
    )
    assert (set(written.ended), set(written.gone)) == (set(), {nowhere})
    assert selectors.trace_of(exchange_id=kept).raw == b"y"


@pytest.mark.django_db(transaction=True)
def test_two_processes_that_end_an_exchange_at_once_agree_on_one_ending(desk: Desk) -> None:
    exchange_id = desk.open().exchanges[0].id

    def end(state: State) -> str:
        written = write(end=ending(exchange_id, state, response=response(state.value)))
        return state.value if written.ended else ""

    works = [partial(end, state) for state in (State.COMPLETED, State.INTERRUPTED) * 3]
    claims = set(at_once(*works)) - {""}
    kept = Exchange.objects.get(pk=exchange_id)
    assert claims == {kept.state}
    assert answer_of(kept).text == kept.state


@pytest.mark.django_db(transaction=True)
def test_deleting_the_conversation_under_a_run_fails_neither(desk: Desk) -> None:
    exchange_id = desk.open().exchanges[0].id
    sequence = iter(range(100))

    def record() -> None:
        for _ in range(10):
            write(Progress(exchange_id, next(sequence), ((b"x", 1.0),)))

    def delete() -> None:
        conversation_delete(conversation=desk.conversation)

    at_once(record, delete, record)
    assert not Trace.objects.exists()
    assert write(Progress(exchange_id, 100)).gone == {exchange_id}


def test_an_answer_is_read_together_with_its_state(
    exchange: Exchange, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """Read a moment later, the state of an answer that has just ended stood beside its text from before."""
    with django_assert_num_queries(1):
        (answer,) = selectors.choices_of(exchange=exchange)
        assert answer.exchange is not None
        assert (answer.text, answer.exchange.state) == ("", "queued")
    owner = exchange.run.conversation.owner
    with django_assert_num_queries(1):
        answer = selectors.message_for(user=owner, pk=answer.pk)
        assert answer.exchange is not None
        assert (answer.text, answer.exchange.state) == ("", "queued")


# Whatever upstream sends


def test_more_choices_than_expected_become_siblings(desk: Desk) -> None:
    exchange = Exchange.objects.get(pk=desk.open(n="2").exchanges[0].id)
    choices = [{"index": i, "message": {"content": f"answer {i}"}} for i in (0, 1, 2, 7)]
    write(end=ending(exchange.pk, response={"choices": choices}))
    answers = selectors.choices_of(exchange=exchange)
    assert [(a.choice, a.text) for a in answers] == [(i, f"answer {i}") for i in (0, 1, 2, 7)]
    assert len({a.parent_id for a in answers}) == 1


def test_fewer_choices_than_expected_leave_the_others_empty(desk: Desk) -> None:
    exchange = Exchange.objects.get(pk=desk.open(n="3").exchanges[0].id)
    write(end=ending(exchange.pk, response=response("one")))
    assert [a.text for a in selectors.choices_of(exchange=exchange)] == ["one", "", ""]


def test_choices_with_impossible_indexes_are_kept_in_the_document_only(exchange: Exchange) -> None:
    choices = [{"index": i, "message": {"content": "x"}} for i in (-1, 2**31, None, "a", 1.5)]
    document = {"choices": choices}
    write(end=ending(exchange.pk, response=document))
    assert json.loads(Exchange.objects.get().response) == document
    assert answer_of(exchange).text == ""


@pytest.mark.parametrize(
    ("content", "reasoning", "text"),
    [
        ("<think>Hm.</think>Yes.", "Hm.", "Yes."),
        ("\n<think>\nHm.\n</think>\n\nYes.", "\nHm.\n", "\n\nYes."),
        ("<think>cut off", "cut off", ""),
        ("Say <think>loud</think>", "", "Say <think>loud</think>"),
        ("<thin", "", "<thin"),
    ],
)
def test_think_tags_are_split_as_on_the_live_page(
    exchange: Exchange, content: str, reasoning: str, text: str
) -> None:
    write(end=ending(exchange.pk, response=response(content)))
    answer = answer_of(exchange)
    assert (answer.reasoning, answer.text) == (reasoning, text)
    assert json.loads(Exchange.objects.get().response)["choices"][0]["message"]["content"] == content


def test_refusal_reasoning_and_tool_calls_have_their_places(exchange: Exchange) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a":'}}
    message = {"content": None, "refusal": "No.", "reasoning_content": "Why", "tool_calls": [call]}
    write(end=ending(exchange.pk, response={"choices": [{"index": 0, "message": message}]}))
    answer = answer_of(exchange)
    assert (answer.text, answer.refusal, answer.reasoning) == ("", "No.", "Why")
    assert answer.tool_calls == [call]


def test_what_a_database_does_not_take_is_made_storable(exchange: Exchange) -> None:
    odd = "nul \x00, half \ud800, whole \ud83d\ude00"
    fine = "nul \ufffd, half \ufffd, whole 😀"
    deep: Any = "deep"
    for _ in range(5_000):
        deep = {"a": deep}
    usage = {"prompt_tokens": 10**40, "completion_tokens": True, "nan": float("nan"), "deep": deep, odd: odd}
    head = ResponseHead(99_999, odd * 50, "HTTP/1.1" * 9, ((odd, odd),), ((odd, odd),), {})
    error = {"kind": "upstream_failed", "message": odd, "retry_after": float("inf")}
    write(
        Progress(exchange.pk, 0, ((b"\x00\xff", 1.0),), head),
        end=ending(exchange.pk, State.FAILED, response=response(odd, usage=usage), error=error),
    )
    exchange.refresh_from_db()
    assert exchange.state == "failed"
    assert answer_of(exchange).text == fine
    assert exchange.error == {"kind": "upstream_failed", "message": fine, "retry_after": "inf"}
    assert exchange.usage is not None
    assert (exchange.usage["prompt_tokens"], exchange.usage["nan"]) == (10**40, "nan")
    assert (exchange.tokens_in, exchange.tokens_out) == (None, None)
    assert exchange.response_headers == [[fine, fine]]
    assert selectors.trace_of(exchange_id=exchange.pk).raw == b"\x00\xff"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_DELTAS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("content", "reasoning_content", "refusal", "tool_calls", "role"), _JSON)
)
_CHUNKS = st.fixed_dictionaries(
    {"choices": st.lists(st.fixed_dictionaries({"delta": _DELTAS}, optional={"index": _JSON}), max_size=3)},
    optional={"usage": _JSON, "error": _JSON, "id": _JSON, "model": _JSON},
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chunks=st.lists(_CHUNKS, max_size=4))
def test_any_stream_that_can_be_read_can_be_kept(desk: Desk, chunks: list[Mapping[str, Any]]) -> None:
    raw = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks).encode()
    reader = ResponseReader(status=200, content_type="text/event-stream")
    reader.feed(raw)
    outcome = reader.close()
    exchange_id = desk.open().exchanges[0].id
    error = outcome.error.to_json() if outcome.error else None
    end = ending(exchange_id, response=outcome.response, error=error)
    assert write(Progress(exchange_id, 0, ((raw, 1.0),), HEAD), end=end).ended == {exchange_id}


# A process that is gone


STREAM = (
    b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"Hel"}}]}\n\n'
    b'data: {"choices":[{"index":0,"delta":{"content":"lo"}}]}\n\n'
    b'data: {"choices":[{"index":0,"delta":{"content":" wor'
)


def test_an_orphan_gets_the_text_of_its_trace(exchange: Exchange) -> None:
    write(
        Progress(exchange.pk, 0, ((STREAM[:50], 10.0),), HEAD),
        Progress(exchange.pk, 1, ((STREAM[50:], 20.5),)),
    )
    exchange.refresh_from_db()
    assert exchange_recover(exchange=exchange)
    exchange.refresh_from_db()
    assert exchange.state == "interrupted"
    assert exchange.ended is not None
    assert exchange.timing["ended"] == 20.5
    assert answer_of(exchange).text == "Hello"


def test_an_orphan_without_a_response_is_interrupted_without_text(exchange: Exchange) -> None:
    assert exchange_recover(exchange=exchange)
    exchange.refresh_from_db()
    assert (exchange.state, answer_of(exchange).text) == ("interrupted", "")


def test_an_exchange_that_ended_meanwhile_is_not_recovered(exchange: Exchange) -> None:
    stale = Exchange.objects.get(pk=exchange.pk)
    write(end=ending(exchange.pk, response=response("Whole")))
    assert not exchange_recover(exchange=stale)
    assert answer_of(exchange).text == "Whole"


@pytest.mark.parametrize("size", [0, 1, 40, 90, 140, 200, len(STREAM)])
def test_a_trace_cut_anywhere_is_recovered(exchange: Exchange, size: int) -> None:
    write(Progress(exchange.pk, 0, ((STREAM[:size], 1.0),) if size else (), HEAD))
    exchange.refresh_from_db()
    assert exchange_recover(exchange=exchange)
    assert "Hello".startswith(answer_of(exchange).text)
