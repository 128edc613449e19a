"""Reads start from the person, cost the same for long conversations, and find nothing of other people's."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations import selectors
from conversations.models import Conversation, Exchange, Message, new_id
from conversations.services import (
    column_settings_update,
    conversation_create,
    conversation_delete,
    conversation_rename,
)
from team.models import User
from tests.desk import Desk

pytestmark = pytest.mark.django_db


def long_branch(conversation: Conversation, length: int) -> list[UUID]:
    """Make a branch of so many messages, each with an alternative that is not on it."""
    ids = [new_id() for _ in range(length)]
    messages: list[Message] = []
    for number, pk in enumerate(ids):
        shared: dict[str, Any] = {
            "conversation": conversation,
            "parent_id": ids[number - 1] if number else None,
            "role": "assistant" if number % 2 else "user",
        }
        messages.append(Message(id=pk, content=[{"type": "text", "text": f"m{number}"}], **shared))
        messages.append(Message(content=[{"type": "text", "text": "another"}], **shared))
    Message.objects.bulk_create(messages)
    return ids


def query_count(read: Any) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        read()
    return len(queries)


def test_the_newest_of_2000_messages_cost_two_queries(desk: Desk) -> None:
    ids = long_branch(desk.conversation, 2_000)

    def read() -> list[Message]:
        return selectors.branch(conversation_id=desk.conversation.pk, leaf_id=ids[-1], newest=60)

    assert [message.pk for message in read()] == ids[-60:]
    assert query_count(read) == 2


def test_older_messages_come_in_pages_up_to_the_first(desk: Desk) -> None:
    ids = long_branch(desk.conversation, 130)
    shown = ids[-60:]
    while shown[0] != ids[0]:
        page = selectors.branch_before(
            conversation_id=desk.conversation.pk, leaf_id=ids[-1], before=shown[0], newest=60
        )
        shown = [message.pk for message in page] + shown
    assert shown == ids
    for before in (ids[0], uuid4()):
        assert not selectors.branch_before(
            conversation_id=desk.conversation.pk, leaf_id=ids[-1], before=before, newest=60
        )


def test_a_request_with_2000_messages_costs_as_many_queries_as_one_with_none(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is read once a second would be in one of the counts only.
    monkeypatch.setattr("team.selectors.HOSTS_FRESH", -1.0)
    few = query_count(lambda: desk.open("Hi"))
    ids = long_branch(desk.conversation, 2_000)
    column = selectors.column_of(conversation=desk.conversation)
    column.leaf_id = ids[-1]
    column.save()
    many = query_count(lambda: desk.open("Hi"))
    assert many <= few + 1  # the branch itself
    history = selectors.history(conversation_id=desk.conversation.pk, leaf_id=ids[-1])
    assert [message.pk for message in history] == ids


def test_a_branch_of_nothing_is_empty(desk: Desk) -> None:
    pk = desk.conversation.pk
    assert selectors.branch(conversation_id=pk, leaf_id=None) == []
    assert selectors.history(conversation_id=pk, leaf_id=None) == []
    assert selectors.history(conversation_id=pk, leaf_id=uuid4()) == []


def test_a_leaf_of_another_conversation_leads_nowhere(desk: Desk) -> None:
    other = conversation_create(owner=desk.person, settings={})
    ids = long_branch(other, 2)
    assert selectors.branch(conversation_id=desk.conversation.pk, leaf_id=ids[-1]) == []
    assert selectors.history(conversation_id=desk.conversation.pk, leaf_id=ids[-1]) == []


@pytest.mark.parametrize(
    ("message", "shaped"),
    [
        (Message(role="user", content=[{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]),
         {"role": "user", "content": "ab"}),
        (Message(role="assistant", content=[{"type": "refusal", "refusal": "No."}]),
         {"role": "assistant", "content": "No."}),
        (Message(role="assistant", content=[], tool_calls=[{"id": "x"}]),
         {"role": "assistant", "content": None, "tool_calls": [{"id": "x"}]}),
        (Message(role="tool", tool_call_id="x", name="f", content=[{"type": "text", "text": ""}]),
         {"role": "tool", "name": "f", "tool_call_id": "x", "content": ""}),
        (Message(role="user", content=[{"type": "image_url", "image_url": {"url": "data:"}}]),
         {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:"}}]}),
        (Message(role="assistant", content=[], reasoning="only thoughts"), None),
    ],
)  # fmt: skip
def test_a_message_as_the_api_wants_it(message: Message, shaped: dict[str, Any] | None) -> None:
    assert selectors.message_for_api(message) == shaped


def test_the_list_shows_own_conversations_newest_first_and_which_are_live(desk: Desk, bob: User) -> None:
    conversation_create(owner=bob, settings={})
    other = conversation_create(owner=desk.person, settings={})
    conversation_rename(conversation=other, title="  Ünique title ")
    desk.open("Something")
    listed = selectors.conversation_list(user=desk.person).rows
    assert [(each.pk, vars(each)["live"]) for each in listed] == [
        (desk.conversation.pk, True),
        (other.pk, False),
    ]
    wanted = selectors.ListFilter(title="nique")
    assert [each.pk for each in selectors.conversation_list(user=desk.person, wanted=wanted).rows] == [
        other.pk
    ]
    assert selectors.conversations_count(user=desk.person) == 2
    assert query_count(lambda: selectors.conversation_list(user=desk.person)) == 2


def test_what_belongs_to_somebody_else_does_not_exist(desk: Desk, charlie: User) -> None:
    (opened,) = desk.open().exchanges
    with pytest.raises(Conversation.DoesNotExist):
        selectors.conversation_for(user=charlie, pk=desk.conversation.pk)
    for read in (selectors.exchange_for, selectors.exchange_state_for):
        with pytest.raises(Exchange.DoesNotExist):
            read(user=charlie, pk=opened.id)
        assert read(user=desk.person, pk=opened.id).pk == opened.id
    assert selectors.exchanges_visible(user=charlie, ids=[opened.id]) == set()
    assert selectors.exchanges_visible(user=desk.person, ids=[opened.id, uuid4()]) == {opened.id}


def test_the_team_sees_what_is_shared_with_it(desk: Desk, bob: User) -> None:
    (opened,) = desk.open().exchanges
    desk.conversation.visibility = Conversation.Visibility.TEAM
    desk.conversation.save()
    assert selectors.exchange_for(user=bob, pk=opened.id).pk == opened.id
    assert selectors.exchanges_visible(user=bob, ids=[opened.id]) == {opened.id}


def test_deleting_a_conversation_takes_everything_along(desk: Desk) -> None:
    desk.open()
    conversation_delete(conversation=desk.conversation)
    conversation_delete(conversation=desk.conversation)  # a second click
    assert (Message.objects.count(), Exchange.objects.count()) == (0, 0)


def test_settings_are_kept_as_typed_and_made_storable(desk: Desk) -> None:
    column = selectors.column_of(conversation=desk.conversation)
    column_settings_update(column=column, settings={"system": "a\x00", "parameters": {"top_p": "0.90"}})
    kept = selectors.column_of(conversation=desk.conversation).settings
    assert kept == {"system": "a\ufffd", "parameters": {"top_p": "0.90"}}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("  A title ", "A title"), ("", ""), ("x" * 500, "x" * 200), ("nul \x00", "nul \ufffd")],
)
def test_a_title_is_kept_as_typed_within_its_length(desk: Desk, typed: str, kept: str) -> None:
    conversation_rename(conversation=desk.conversation, title=typed)
    desk.conversation.refresh_from_db()
    assert desk.conversation.title == kept
