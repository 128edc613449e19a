"""One press of Send becomes messages, a run and exchanges in one step, exactly once."""

import json
import math
from functools import partial
from uuid import UUID, uuid4

import pytest
from django.core import serializers
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations import selectors
from conversations.models import Conversation, Exchange, Message, Run, Trace
from conversations.services import (
    Ending,
    RunConflict,
    conversation_create,
    conversation_delete,
    recordings_write,
    run_open,
)
from team.models import User
from tests.desk import KEY, Desk, response
from tests.threads import at_once
from upstream.wire.request import InvalidDraft

pytestmark = pytest.mark.django_db


def end(exchange_id: object, text: str) -> None:
    """Give an exchange's answer its text."""
    ending = Ending(exchange_id, Exchange.State.COMPLETED, response(text), None)  # type: ignore[arg-type]  # a UUID
    recordings_write(progress=(), endings=(ending,))


def test_a_run_makes_the_message_one_exchange_and_its_empty_answer(desk: Desk) -> None:
    opened = desk.open("How are you?", system="Be brief.", temperature="0.70")
    (sent,) = opened.exchanges
    exchange = Exchange.objects.get(pk=sent.id)
    question, answer = selectors.messages_of_run(run=opened.run)
    assert (question.role, question.text, question.author) == ("user", "How are you?", desk.person)
    assert (answer.role, answer.text, answer.parent_id) == ("assistant", "", question.pk)
    assert (answer.exchange_id, answer.choice, sent.messages) == (exchange.pk, 0, (answer.pk,))
    assert (exchange.state, exchange.process, exchange.ended) == ("queued", "here/1", None)
    assert (exchange.method, exchange.url) == ("POST", "https://api.example.com/v1/chat/completions")
    assert exchange.body == sent.request.body.decode()
    assert '"temperature":0.70' in exchange.body


def test_the_column_remembers_the_answer_and_the_settings(desk: Desk) -> None:
    opened = desk.open("Hi", system="Be brief.", seed="12345678901234567890")
    column = selectors.column_of(conversation=desk.conversation)
    assert column.leaf_id == opened.exchanges[0].messages[0]
    assert column.settings == {
        "provider": str(desk.provider.pk),
        "model": "model-a",
        "system": "Be brief.",
        "parameters": {"seed": "12345678901234567890"},
    }


def test_the_body_carries_the_system_prompt_and_the_branch_in_order(desk: Desk) -> None:
    first = desk.open("One", system="Old prompt")
    end(first.exchanges[0].id, "Two")
    second = desk.open("Three", system="New prompt")
    body = json.loads(Exchange.objects.get(pk=second.exchanges[0].id).body)
    assert [(m["role"], m["content"]) for m in body["messages"]] == [
        ("system", "New prompt"),
        ("user", "One"),
        ("assistant", "Two"),
        ("user", "Three"),
    ]


def test_an_answer_that_never_came_is_not_sent_again(desk: Desk) -> None:
    desk.open("One")
    body = json.loads(desk.open("Two").exchanges[0].request.body)
    assert [m["content"] for m in body["messages"]] == ["One", "Two"]


def test_the_first_message_names_the_conversation_and_a_later_one_does_not(desk: Desk) -> None:
    desk.open("\n  What is   the capital of France, and why does everybody always ask for it?\nThanks")
    desk.open("Another question")
    desk.conversation.refresh_from_db()
    assert desk.conversation.title == "What is the capital of France, and why does everybody…"


def test_the_conversation_moves_to_the_top(desk: Desk) -> None:
    other = conversation_create(owner=desk.person, settings={})
    assert selectors.conversation_newest(user=desk.person) == other
    desk.open()
    assert selectors.conversation_newest(user=desk.person) == desk.conversation


def test_the_same_run_again_is_the_same_run_and_sends_nothing(desk: Desk) -> None:
    run_id = uuid4()
    first, again = desk.open(run_id=run_id), desk.open("Something else", run_id=run_id)
    assert (again.run, again.exchanges) == (first.run, ())
    assert Message.objects.count() == 2
    assert Exchange.objects.count() == 1


def test_a_run_of_another_conversation_is_a_conflict(desk: Desk) -> None:
    run_id = uuid4()
    desk.open(run_id=run_id)
    desk.conversation = conversation_create(owner=desk.person, settings={})
    with pytest.raises(RunConflict):
        desk.open(run_id=run_id)
    assert Run.objects.count() == 1


def test_nobody_runs_in_a_conversation_of_somebody_else(desk: Desk, charlie: User) -> None:
    desk.person = charlie
    with pytest.raises(Conversation.DoesNotExist):
        desk.open()


def test_a_team_conversation_can_be_read_but_not_run_in_by_others(desk: Desk, bob: User) -> None:
    desk.conversation.visibility = Conversation.Visibility.TEAM
    desk.conversation.save()
    assert selectors.conversation_for(user=bob, pk=desk.conversation.pk) == desk.conversation
    desk.person = bob
    with pytest.raises(Conversation.DoesNotExist):
        desk.open()


def test_a_run_id_of_somebody_else_tells_nothing_and_changes_nothing(desk: Desk, charlie: User) -> None:
    run_id = uuid4()
    desk.open(run_id=run_id)
    mine = conversation_create(owner=charlie, settings={})
    turn = desk.turn()
    with pytest.raises(RunConflict):
        run_open(person=charlie, conversation_id=mine.pk, run_id=run_id, process="here/1", turns=[turn])
    assert not Message.objects.filter(conversation=mine).exists()


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        ("3", 3),
        ("128", 128),
        ("129", 1),
        ("0", 1),
        ("-1", 1),
        ("true", 1),
        ("null", 1),
        ('"3"', 1),
        ("1e2", 1),
    ],
)
def test_n_asks_for_so_many_answers(desk: Desk, n: str, expected: int) -> None:
    (exchange,) = desk.open(n=n).exchanges
    assert len(exchange.messages) == expected
    assert [m.choice for m in Message.objects.filter(exchange=exchange.id).order_by("id")] == list(
        range(expected)
    )


def test_what_cannot_be_sent_leaves_nothing_behind(desk: Desk) -> None:
    with pytest.raises(InvalidDraft):
        desk.open(temperature="{")
    assert not Message.objects.exists()
    assert not Run.objects.exists()


@pytest.mark.parametrize("text", ["a\x00b", "half \ud83d of a pair", "\ud83d\ude00 joined", "🙂" * 50_000])
def test_any_text_can_be_sent(desk: Desk, text: str) -> None:
    opened = desk.open(text, system=text)
    kept = Message.objects.get(role="user")
    assert "\x00" not in kept.text
    kept.text.encode()
    assert json.loads(opened.exchanges[0].request.body)["messages"][1]["content"] == kept.text


def test_the_key_goes_to_the_provider_and_nowhere_else(desk: Desk) -> None:
    (exchange,) = (opened := desk.open()).exchanges
    assert ("Authorization", f"Bearer {KEY}") in exchange.request.headers
    assert KEY not in repr(opened)


def test_the_key_is_masked_in_what_is_kept_of_a_request_even_where_somebody_typed_it(desk: Desk) -> None:
    desk.open(f"My key is {KEY}", system=KEY, user=json.dumps(KEY))
    kept = serializers.serialize("json", Exchange.objects.all())
    assert KEY not in kept
    assert "••••cdef" in Exchange.objects.get().body


@pytest.mark.django_db(transaction=True)
def test_a_double_click_makes_one_run(desk: Desk) -> None:
    run_id, turn = uuid4(), desk.turn()

    def click() -> int:
        pk = desk.conversation.pk
        opened = run_open(
            person=desk.person, conversation_id=pk, run_id=run_id, process="here/1", turns=[turn]
        )
        return len(opened.exchanges)

    assert sorted(at_once(*[click] * 8)) == [0, 0, 0, 0, 0, 0, 0, 1]
    assert Message.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_one_run_id_in_two_conversations_at_once_makes_one_run(desk: Desk) -> None:
    run_id, turn = uuid4(), desk.turn()
    places = [desk.conversation.pk, conversation_create(owner=desk.person, settings={}).pk]

    def click(pk: UUID) -> str:
        try:
            run_open(person=desk.person, conversation_id=pk, run_id=run_id, process="here/1", turns=[turn])
        except RunConflict:
            return "conflict"
        return "run"

    outcomes = at_once(*[partial(click, pk) for pk in places * 4])
    assert outcomes.count("conflict") == 4
    assert (Run.objects.count(), Exchange.objects.count(), Message.objects.count()) == (1, 1, 2)


@pytest.mark.django_db(transaction=True)
def test_deleting_a_conversation_while_it_is_run_in_leaves_no_half(desk: Desk) -> None:
    """Whoever comes first, the other one finds it done; nothing fails and nothing is left over."""
    turn = desk.turn()

    def run() -> str:
        pk = desk.conversation.pk
        try:
            run_open(person=desk.person, conversation_id=pk, run_id=uuid4(), process="here/1", turns=[turn])
        except Conversation.DoesNotExist:
            return "gone"
        return "run"

    def delete() -> str:
        try:
            conversation_delete(conversation=Conversation.objects.get(pk=desk.conversation.pk))
        except Conversation.DoesNotExist:
            return "gone"
        return "deleted"

    outcomes = at_once(run, run, delete, run, delete, run)
    assert outcomes.count("deleted") >= 1
    assert not Conversation.objects.filter(pk=desk.conversation.pk).exists()
    assert (Run.objects.count(), Exchange.objects.count(), Trace.objects.count()) == (0, 0, 0)


def test_to_open_a_run_each_table_is_read_or_written_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("team.selectors.HOSTS_FRESH", math.inf)  # what is read once a second has been read
    desk.open("What runs before")
    turn = desk.turn("Hello")
    with CaptureQueriesContext(connection) as asked:
        run_open(
            person=desk.person,
            conversation_id=desk.conversation.pk,
            run_id=uuid4(),
            process="here/1",
            turns=[turn],
        )
    said = [query["sql"] for query in asked if query["sql"].startswith(("SELECT", "INSERT", "UPDATE"))]
    # Conversation, run, key, budgets, columns, history; column, messages, their search text, exchange, conversation.
    assert len(said) <= 11, said
