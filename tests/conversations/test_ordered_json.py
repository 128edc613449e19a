"""What people wrote keeps the order of its keys on every database."""

import pytest

from conversations.models import Column, Message
from tests.desk import Desk

pytestmark = pytest.mark.django_db
WRITTEN = {"zebra": 1, "a": {"long name": None, "b": [1.5, "ü"]}, "parameters": {"top_p": "0.70", "n": "1"}}


def test_keys_come_back_in_the_order_in_which_they_were_written(desk: Desk) -> None:
    column = desk.conversation.columns.get()
    column.settings = WRITTEN
    column.save(update_fields=["settings"])
    kept = Column.objects.get(pk=column.pk).settings
    assert kept == WRITTEN
    assert list(kept) == list(WRITTEN)
    assert list(kept["parameters"]) == ["top_p", "n"]


def test_many_rows_at_once_and_changes_keep_it_too(desk: Desk) -> None:
    parts = [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}]
    made = [Message(conversation=desk.conversation, role="user", content=parts) for _ in range(3)]
    Message.objects.bulk_create(made)
    for message in made:
        message.extra = WRITTEN
    Message.objects.bulk_update(made, ["extra"])
    for message in Message.objects.filter(pk__in=[each.pk for each in made]):
        assert list(message.content[0]) == ["type", "text", "cache_control"]
        assert list(message.extra) == list(WRITTEN)
