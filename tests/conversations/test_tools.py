"""Saved results: which one answers a call; the loop: how far it goes, what stops it; results as messages."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from conversations import selectors
from conversations.models import Exchange, Message, ToolLoop, ToolMock
from conversations.services import (
    Ending,
    MessageMissing,
    MockValues,
    OpenedRun,
    ToolResult,
    TooManyMocks,
    recordings_write,
    run_open,
    tool_loop_begun,
    tool_loop_next,
    tool_loop_set,
    tool_loop_stop,
    tool_mock_save,
)
from conversations.services import tools as tool_services
from conversations.tool_calls import Call
from conversations.tool_matching import mock_for
from team.models import User
from tests.desk import Desk, desk_make

State = ToolLoop.State
PARIS = '{"city": "Paris", "days": 1}'


def call(arguments: str = PARIS, name: str = "get_weather") -> Call:
    return Call(0, "call_1", name, arguments)


def mock(match: str, arguments: str = "", *, name: str = "get_weather", result: str = "") -> ToolMock:
    return ToolMock(name=name, match=match, arguments=arguments, result=result, updated=timezone.now())


@pytest.fixture
def desk(alice: User) -> Desk:
    return desk_make(alice)


def function(name: str, arguments: str = "{}", id: str = "call_1") -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def answered(opened: OpenedRun, *calls: dict[str, Any], text: str | None = None, **message: Any) -> Message:
    """End a run's exchange with an answer that makes these calls; return it."""
    said = {"role": "assistant", "content": text, "tool_calls": list(calls), **message}
    ending = Ending(
        exchange_id=opened.exchanges[0].id,
        state=Exchange.State.COMPLETED,
        response={"choices": [{"index": 0, "message": said, "finish_reason": "tool_calls"}]},
        error=None,
    )
    recordings_write(progress=(), endings=(ending,))
    return Message.objects.get(exchange=ending.exchange_id)


def results_send(desk: Desk, answer: Message, *contents: str) -> OpenedRun:
    turn = desk.turn("")
    results = tuple(ToolResult(position, content) for position, content in enumerate(contents))
    turn = type(turn)(
        **{name: getattr(turn, name) for name in turn.__slots__} | {"after": answer.pk, "results": results}
    )
    return run_open(
        person=desk.person,
        conversation_id=desk.conversation.pk,
        run_id=uuid4(),
        process="here/1",
        turns=[turn],
    )


# ---------------------------------------------------------------------------- matching


@pytest.mark.parametrize(
    ("match", "arguments", "answers"),
    [
        ("any", "", True),
        ("any", "{oops", True),
        ("exact", '{"days": 1.0, "city": "Paris"}', True),
        ("exact", '{"city": "Paris"}', False),
        ("exact", '{"city": "Paris", "days": true}', False),
        ("partial", '{"city": "Paris"}', True),
        ("partial", '{"city": "Oslo"}', False),
        ("partial", '{"city": "Paris", "units": null}', False),
        ("partial", "", True),
        ("partial", "{oops", False),
    ],
)
def test_a_saved_result_answers_calls_whose_arguments_match(
    match: str, arguments: str, answers: bool
) -> None:
    assert (mock_for(call(), [mock(match, arguments)]) is not None) == answers
    assert mock_for(call(name="get_time"), [mock(match, arguments)]) is None


def test_the_most_specific_one_answers() -> None:
    some, more = mock("partial", '{"city": "Paris"}'), mock("partial", PARIS)
    any_old, any_new, exact = mock("any"), mock("any"), mock("exact", PARIS)
    assert mock_for(call(), [any_new, exact, more, some, any_old]) is exact
    assert mock_for(call(), [any_new, some, more]) is more
    assert mock_for(call(), [any_old, any_new]) is any_new


def test_arguments_that_are_no_json_match_their_own_text_alone() -> None:
    broken = mock("exact", '{"city": ')
    assert mock_for(call('{"city": '), [broken, mock("partial", "{}")]) is broken
    assert mock_for(call('{"city": "'), [broken]) is None
    assert mock_for(call(""), [mock("exact", "{}")]) is not None


@pytest.mark.django_db
def test_one_may_not_save_without_end(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool_services, "MOCKS_MAX", 1)
    kept = tool_mock_save(owner=alice, values=MockValues("f\x00", "any", "", "a\ud800"))
    assert (kept.name, kept.result) == ("f\ufffd", "a\ufffd")
    tool_mock_save(owner=alice, values=MockValues("f", "any", "", "b"), mock=kept)
    with pytest.raises(TooManyMocks):
        tool_mock_save(owner=alice, values=MockValues("g", "any", "", ""))


# ---------------------------------------------------------------------------- results as messages


def test_results_stand_below_the_answer_each_under_the_one_before(desk: Desk) -> None:
    first = desk.open("Weather?")
    answer = answered(first, function("f", '{"a":1}', "c1"), function("f", '{"a":2}', "c2"), text="Looking")
    opened = results_send(desk, answer, "one", "two")

    sent = json.loads(Exchange.objects.get(pk=opened.exchanges[0].id).body)["messages"]
    assert sent[1] == {
        "role": "assistant",
        "content": "Looking",
        "tool_calls": [function("f", '{"a":1}', "c1"), function("f", '{"a":2}', "c2")],
    }
    assert sent[2:] == [
        {"role": "tool", "tool_call_id": "c1", "content": "one"},
        {"role": "tool", "tool_call_id": "c2", "content": "two"},
    ]
    one, two, empty = opened.messages
    assert (one.parent_id, two.parent_id, empty.parent_id) == (answer.pk, one.pk, two.pk)
    assert [each.pk for each in selectors.messages_of_run(run=opened.run)] == [one.pk, two.pk, empty.pk]
    assert selectors.answer_goes_on(answer=answer)
    assert [each.pk for each in selectors.branch_after(conversation_id=answer.conversation_id, message_id=answer.pk)] == [
        one.pk, two.pk, empty.pk,
    ]  # fmt: skip
    assert results_send(desk, answer, "other", "results").messages[0].parent_id == answer.pk


def test_a_legacy_call_goes_back_as_it_came_and_is_answered_by_a_function_message(desk: Desk) -> None:
    legacy = {"name": "f", "arguments": '{"a": 1}'}
    answer = answered(desk.open("Hi"), function_call=legacy, tool_calls=None)
    opened = results_send(desk, answer, "done")
    sent = json.loads(Exchange.objects.get(pk=opened.exchanges[0].id).body)["messages"]
    assert sent[1:] == [
        {"role": "assistant", "content": None, "function_call": legacy},
        {"role": "function", "name": "f", "content": "done"},
    ]


@pytest.mark.parametrize("contents", [(), ("one", "two")])
def test_results_for_calls_that_nobody_made_open_no_run(desk: Desk, contents: tuple[str, ...]) -> None:
    answer = answered(desk.open("Hi"), function("f"))
    with pytest.raises(MessageMissing):
        results_send(desk, answer, *contents)
    with pytest.raises(MessageMissing):
        results_send(desk, Message(pk=uuid4()), "x")
    assert Exchange.objects.count() == 1


def test_the_schemas_of_an_exchange_are_those_it_was_sent_with(desk: Desk) -> None:
    tools = '[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}},{"type":"web"},7]'
    format = '{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"array"}}}'
    opened = desk.open("Hi", tools=tools, functions='[{"name":"g"}]', response_format=format)
    exchange = Exchange.objects.get(pk=opened.exchanges[0].id)
    assert selectors.exchange_schemas(exchange=exchange) == {
        "tools": {"f": {"type": "object"}, "g": None},
        "answer": {"type": "array"},
        "name": "n",
        "format": "json_schema",
    }
    for body in ("", "{oops", "[" * 100_000, '{"tools":{},"response_format":[]}'):
        exchange.body = body
        assert selectors.exchange_schemas(exchange=exchange)["tools"] == {}


# ---------------------------------------------------------------------------- the loop


@pytest.fixture
def looping(desk: Desk) -> Desk:
    """A desk whose column answers calls of f by itself, twice at most."""
    column = desk.conversation.columns.get()
    tool_loop_set(column=column, on=True, most=2)
    tool_mock_save(owner=desk.person, values=MockValues("f", "any", "", "mocked"))
    return desk


def loop_of(desk: Desk) -> ToolLoop:
    return ToolLoop.objects.get(column__conversation=desk.conversation)


def stays(exchange_id: UUID) -> bool:
    """Say whether the loop does not go on after an exchange."""
    step = tool_loop_next(exchange_id=exchange_id)
    return step is None or not step.results


def step_take(desk: Desk, opened: OpenedRun) -> OpenedRun:
    """Let the loop take one step after a run, as the server does."""
    step = tool_loop_next(exchange_id=opened.exchanges[0].id)
    assert step is not None
    assert step.answer is not None
    assert step.results == (ToolResult(0, "mocked"),)
    made = results_send(desk, step.answer, *(each.content for each in step.results))
    tool_loop_begun(column=step.column, run_id=made.run.pk, exchange_id=made.exchanges[0].id)
    return made


def test_the_loop_goes_on_until_it_reaches_its_limit(looping: Desk) -> None:
    opened = looping.open("Go")
    for steps in (1, 2):
        answered(opened, function("f"))
        opened = step_take(looping, opened)
        assert (loop_of(looping).steps, loop_of(looping).state) == (steps, State.ANSWERING)
    answered(opened, function("f"))
    assert stays(opened.exchanges[0].id)
    assert loop_of(looping).state == State.LIMIT

    again = looping.open("Go on")  # a press of Send counts anew
    answered(again, function("f"))
    step_take(looping, again)
    assert loop_of(looping).steps == 1


def test_the_loop_is_done_when_no_call_is_left(looping: Desk) -> None:
    opened = looping.open("Go")
    answered(opened, function("f"))
    opened = step_take(looping, opened)
    answered(opened, text="Done")
    assert stays(opened.exchanges[0].id)
    assert loop_of(looping).state == State.DONE


def test_the_loop_waits_where_a_call_has_no_result(looping: Desk) -> None:
    opened = looping.open("Go")
    answered(opened, function("f"), function("unknown", id="c2"))
    assert stays(opened.exchanges[0].id)
    loop = loop_of(looping)
    assert (loop.state, loop.detail, loop.steps) == (State.WAITING, "unknown", 0)


def test_a_stop_between_two_steps_is_heard(looping: Desk) -> None:
    opened = looping.open("Go")
    answered(opened, function("f"))
    exchange = opened.exchanges[0].id
    assert tool_loop_stop(exchange_id=exchange) is None
    assert stays(exchange)
    assert loop_of(looping).state == State.STOPPED


def test_a_stop_that_comes_late_names_what_has_begun(looping: Desk) -> None:
    opened = looping.open("Go")
    answered(opened, function("f"))
    begun = step_take(looping, opened)
    assert tool_loop_stop(exchange_id=opened.exchanges[0].id) == begun.exchanges[0].id


def test_the_loop_says_nothing_where_it_is_off_or_the_person_went_elsewhere(looping: Desk) -> None:
    opened = looping.open("Go")
    answered(opened, function("f"))
    elsewhere = looping.open("Never mind")
    assert stays(opened.exchanges[0].id)
    answered(elsewhere, function("f"))
    tool_loop_set(column=looping.conversation.columns.get(), on=False, most=2)
    assert stays(elsewhere.exchanges[0].id)
    assert looping.conversation.runs.count() == 2


def test_answering_the_last_result_anew_leaves_the_others_where_they_are(desk: Desk) -> None:
    answer = answered(desk.open("Hi"), function("f", id="c1"), function("f", id="c2"))
    opened = results_send(desk, answer, "one", "two")
    last = opened.messages[1]
    turn = desk.turn("")
    again = type(turn)(**{name: getattr(turn, name) for name in turn.__slots__} | {"again": last.pk})
    anew = run_open(
        person=desk.person,
        conversation_id=desk.conversation.pk,
        run_id=uuid4(),
        process="here/1",
        turns=[again],
    )
    assert selectors.messages_of_run(run=anew.run)[0].pk == last.pk
    assert len(selectors.messages_of_run(run=anew.run)) == 2
