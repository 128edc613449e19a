"""Columns that were removed or swept away come back, with what ran in them, while nothing else was changed."""

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from conversations.models import Column, Exchange, Message, TreeChange
from conversations.selectors import column_list
from conversations.services import changes_purge, column_add
from team.models import User
from tests.desk import Desk, desk_make

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(alice: User) -> Desk:
    """Alice at a conversation with one question and two columns."""
    made = desk_make(alice)
    made.open("Hello")
    column_add(conversation=made.conversation)
    return made


def ids(desk: Desk) -> list[int]:
    return [column.pk for column in column_list(conversation=desk.conversation)]


def remove(desk: Desk, client: Client, pk: int) -> str:
    """Remove a column as its menu does; return the address of the Undo that the next page offers."""
    answer = client.post(reverse("column-remove", args=[desk.conversation.pk, pk]), follow=True)
    return undo_in(answer.content.decode())


def undo_in(html: str) -> str:
    return unescape(html.split('data-undo="', 1)[1].split('"')[0])


def undo(client: Client, address: str) -> Any:
    answer = client.post(address)
    return answer.json() if answer.status_code == 200 else answer.status_code


def test_a_removed_column_comes_back_where_it_was_with_what_ran_in_it(
    desk: Desk, alice_client: Client
) -> None:
    first, second = ids(desk)
    Column.objects.filter(pk=first).update(settings={"model": "kept", "temperature": "0.70"})
    leaf = Column.objects.get(pk=first).leaf_id
    address = remove(desk, alice_client, first)
    assert ids(desk) == [second]
    assert undo(alice_client, address) == {"go": f"/conversations/{desk.conversation.pk}/"}
    assert ids(desk) == [first, second]
    column = Column.objects.get(pk=first)
    assert (column.position, column.leaf_id, column.settings["model"]) == (0, leaf, "kept")
    assert Exchange.objects.get().column_id == first
    assert undo(alice_client, address) == 409, "once"


def test_a_sweep_is_taken_back_whole(desk: Desk, alice_client: Client) -> None:
    before = ids(desk)
    fields = {"over": "models", "values": "m-1\nm-2\nm-3", "column": str(before[0])}
    answer = alice_client.post(reverse("columns-sweep", args=[desk.conversation.pk]), fields, follow=True)
    assert len(ids(desk)) == 3
    assert not set(ids(desk)) & set(before)
    assert undo(alice_client, undo_in(answer.content.decode()))["go"]
    assert ids(desk) == before


def test_what_was_changed_since_is_not_swept_away(desk: Desk, alice_client: Client) -> None:
    first, second = ids(desk)
    address = remove(desk, alice_client, first)
    added = column_add(conversation=desk.conversation)
    assert undo(alice_client, address) == 409
    assert ids(desk) == [second, added.pk]


def test_a_column_comes_back_above_what_was_deleted_meanwhile(desk: Desk, alice_client: Client) -> None:
    first, second = ids(desk)
    question = Message.objects.get(role="user")
    Column.objects.filter(pk=second).update(leaf=None)
    Exchange.objects.update(state=Exchange.State.COMPLETED)
    address = remove(desk, alice_client, first)
    for message in Message.objects.exclude(pk=question.pk):
        path = reverse("message-delete", args=[desk.conversation.pk, message.pk])
        assert alice_client.post(path).status_code == 200
    assert undo(alice_client, address)["go"]
    assert Column.objects.get(pk=first).leaf_id == question.pk


def test_nothing_runs_in_a_removed_column_and_after_a_day_it_is_gone(
    desk: Desk, alice_client: Client
) -> None:
    first, second = ids(desk)
    remove(desk, alice_client, second)
    assert alice_client.get(reverse("column-choose", args=[desk.conversation.pk, second])).status_code == 404
    assert not desk.conversation.columns.filter(pk=second).exists()
    Column.everything.filter(pk=second).update(removed=timezone.now() - timedelta(days=2))
    TreeChange.objects.update(created=timezone.now() - timedelta(days=2))
    changes_purge()
    assert not Column.everything.filter(pk=second).exists()
    assert ids(desk) == [first]
