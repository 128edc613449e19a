"""What is deleted, or locked, between reading and writing is answered in words, and nothing is half done."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.models import Model
from django.db.models.signals import pre_save
from django.test import Client
from django.urls import reverse

from conversations.models import Conversation, Preset
from conversations.services import conversation_create
from team.models import ApiKey, Provider, User
from tests.cast import client_of, provider_make
from tests.served import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def gone_before_it_is_saved(row: Model) -> Iterator[None]:
    """Have somebody delete the row at the moment it is to be written."""

    def delete(sender: type[Model], instance: Model, **kwargs: Any) -> None:
        sender._base_manager.filter(pk=row.pk).delete()

    pre_save.connect(delete, sender=type(row))
    try:
        yield
    finally:
        pre_save.disconnect(delete, sender=type(row))


@pytest.fixture
def conversation(alice: User) -> Conversation:
    return conversation_create(owner=alice, settings={})


@pytest.mark.parametrize(
    ("name", "fields"),
    [("conversation-rename", {"title": "Mine"}), ("visibility", {"visibility": "team_edit"})],
)
def test_a_conversation_deleted_at_this_moment_is_said_to_be_gone(
    alice_client: Client, conversation: Conversation, name: str, fields: dict[str, str]
) -> None:
    with gone_before_it_is_saved(conversation):
        answer = alice_client.post(reverse(name, args=[conversation.pk]), fields)
    assert answer.status_code == 404
    assert "This is gone" in answer.text


def test_so_is_a_preset(alice: User, alice_client: Client) -> None:
    preset = Preset.objects.create(owner=alice, name="Mine")
    with gone_before_it_is_saved(preset):
        answer = alice_client.post(reverse("preset-change", args=[preset.pk]), {"name": "Another"})
    assert answer.status_code == 404
    assert "This is gone" in answer.text


@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL locks rows")
def test_of_two_changes_that_wait_for_each_other_one_is_said_to_have_changed_nothing(alice: User) -> None:
    provider = provider_make(alice, key="sk-clash-0123456789abcdef")
    browser = client_of(alice)

    def delete() -> tuple[int, str]:
        try:
            answer = browser.post(reverse("provider-delete", args=[provider.pk]))
            return answer.status_code, answer.text
        finally:
            connection.close()

    with psycopg.connect(**connection.get_connection_params()) as other, ThreadPoolExecutor(1) as pool:
        other.execute("SELECT 1 FROM team_provider WHERE id = %s FOR UPDATE", [provider.pk])
        answering = pool.submit(delete)
        wait_for(waits_for_a_lock, what="the deletion to wait for the provider's row")
        other.execute("UPDATE team_apikey SET last4 = last4 WHERE provider_id = %s", [provider.pk])
        status, text = answering.result(30)
    assert status == 409
    assert "Nothing was changed; try again." in text
    assert Provider.objects.filter(pk=provider.pk).exists()
    assert ApiKey.objects.filter(provider=provider).exists()
    assert browser.post(reverse("provider-delete", args=[provider.pk])).status_code == 302


def waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])
