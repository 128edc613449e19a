"""Links: who may make, read and end them, what their pages hold, and that nothing but an update changes them."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from conversations.models import Column, Conversation, Exchange, Message, Share
from conversations.services import (
    conversation_delete,
)
from conversations.services.organising import conversations_trash
from team.models import AuditEvent, User
from team.services import person_deactivate
from tests.cast import client_of
from tests.desk import Desk, desk_make
from tests.playground.share_desk import (
    BELOW,
    SYSTEM,
    TABS,
    answered,
    desk_answered,
    everything_readable,
    share,
    text,
)
from tests.shares import EVERYTHING, link_in, share_fields

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("apart")]


@pytest.fixture
def desk(alice: User) -> Desk:
    """Alice at a conversation with one question and its answer."""
    return desk_answered(alice)


# Reading


def test_anybody_with_the_link_reads_it(desk: Desk, client: Client) -> None:
    link = share(desk)
    page = text(client, link.path)
    assert "QUESTION" in page
    assert "ANSWER" in page
    assert SYSTEM in page
    assert "temperature" in page
    assert "alice" in page
    read = everything_readable(client, link)
    assert "Bearer ••••" in read
    assert "cdef" not in read
    assert "$API_KEY" in read
    for pk in (desk.conversation.pk, desk.person.pk, desk.provider.pk):
        assert not re.search(rf"\b{pk}\b", page) or isinstance(pk, int)


@pytest.mark.parametrize(
    ("part", "canary"),
    [("system", "SYSTEMCANARY"), ("parameters", "PARAMETERCANARY"), ("author", "Alice Authorcanary")],
)
def test_what_is_left_out_is_on_no_page_and_in_no_file(
    desk: Desk, client: Client, part: str, canary: str
) -> None:
    User.objects.filter(pk=desk.person.pk).update(name="Alice Authorcanary")
    assert canary in everything_readable(client, share(desk))
    assert canary not in everything_readable(client, share(desk, **{part: None}))


def test_without_requests_no_tab_opens(desk: Desk, client: Client) -> None:
    link = share(desk, raw=None)
    for tab in TABS:
        assert client.get(f"{link.path}exchanges/0/{tab}/").status_code == 404
    assert "api.example.com" not in text(client, link.path) + text(client, f"{link.path}export/json/")


def test_what_is_hostile_in_it_is_inert_without_script_too(alice: User, client: Client) -> None:
    desk = desk_make(alice)
    evil = "<script>alert(1)</script><img src=https://evil.example/?d=1 onerror=alert(1)> ![x](https://evil.example/)"
    answered(desk, question=evil, answer=evil)
    for path in (
        "",
        "exchanges/0/request/",
        "exchanges/0/response/",
        "exchanges/0/events/",
        "exchanges/0/code/",
    ):
        page = text(client, share(desk, title=evil).path + path)
        assert "<script>alert" not in page
        assert not re.search(r"<img[^>]*evil", page)


def test_every_answer_is_kept_out_of_caches_indexes_and_referers(desk: Desk, client: Client) -> None:
    link = share(desk)
    gone = share(desk)
    client_of(desk.person).post(f"/shares/{gone.id}/revoke/")
    for path in (*(link.path + below for below in BELOW), gone.path, "/s/never-was/", link.path + "copy/"):
        answer = client.get(path)
        assert answer["Cache-Control"] == "no-store", path
        assert "noindex" in answer["X-Robots-Tag"], path
        assert answer["Referrer-Policy"] == "no-referrer", path
    page = text(client, link.path)
    assert '<meta name="robots" content="noindex' in page
    assert "data-socket" not in page
    assert "htmx" not in page.replace("htmx-config", "")


def test_a_link_preview_has_the_title_and_neutral_text_only(desk: Desk, client: Client) -> None:
    page = text(client, share(desk, title="A title").path)
    tags = re.findall(r'<meta property="og:(\w+)"\s+content="([^"]*)"', page)
    assert dict(tags)["title"] == "A title"
    assert "ANSWER" not in str(tags)
    assert "QUESTION" not in str(tags)
    assert not re.search(r'<meta[^>]*(?:name|property)="(?:description|twitter)', page)


def test_a_signed_in_reader_gets_no_socket_either(desk: Desk, bob_client: Client) -> None:
    assert "data-socket" not in text(bob_client, share(desk).path)


# Who


def test_a_link_for_the_team_leads_others_to_sign_in_first(
    desk: Desk, client: Client, bob: User, bob_client: Client
) -> None:
    link = share(desk, audience="team")
    for below in BELOW:
        answer = client.get(link.path + below)
        assert answer.status_code == 302
        assert answer["Location"] == f"/accounts/login/?next={link.path}"
        assert bob_client.get(link.path + below).status_code == 200
    person_deactivate(actor=desk.person, person=bob)
    for below in BELOW:
        assert bob_client.get(link.path + below).status_code == 302


@pytest.mark.parametrize("visibility", ["private", "team", "team_edit"])
def test_only_the_owner_makes_links_whoever_may_see_or_write(
    desk: Desk, bob_client: Client, visibility: str
) -> None:
    Conversation.objects.filter(pk=desk.conversation.pk).update(visibility=visibility)
    pk = desk.conversation.pk
    refused = 404 if visibility == "private" else 403
    assert bob_client.post(f"/conversations/{pk}/shares/", share_fields()).status_code == refused
    assert bob_client.post(f"/conversations/{pk}/share/preview/", share_fields()).status_code == refused
    answer = bob_client.get(f"/conversations/{pk}/share/")
    assert answer.status_code == (404 if visibility == "private" else 200)
    assert b"share-form" not in answer.content
    assert not Share.objects.exists()


def test_nobody_else_updates_or_revokes_a_link(desk: Desk, bob_client: Client, client: Client) -> None:
    link = share(desk)
    for other, status in ((bob_client, 404), (client, 401)):
        assert other.post(f"/shares/{link.id}/update/", share_fields()).status_code == status
        assert other.post(f"/shares/{link.id}/revoke/").status_code == status
    assert link.token not in text(bob_client, "/settings/shares/?of=all")
    assert client.get(link.path).status_code == 200


def test_an_administrator_sees_and_revokes_every_link_and_the_log_says_so(
    alice_client: Client, alice: User, bob: User, client: Client
) -> None:
    desk = desk_make(bob, name="Bob's gateway")
    answered(desk)
    link = share(desk, title="Bob's")
    listed = text(alice_client, "/settings/shares/?of=all")
    assert "Bob&#x27;s" in listed
    assert link.token not in listed
    assert "Bob&#x27;s" not in text(alice_client, "/settings/shares/")
    assert alice_client.post(f"/shares/{link.id}/revoke/").status_code == 302
    assert client.get(link.path).status_code == 410
    event = AuditEvent.objects.get(action="share.revoke")
    assert (event.actor, event.details) == (alice, {"owner": "bob"})
    assert link.token not in str(list(AuditEvent.objects.values()))


# Ended


def test_a_revoked_link_is_gone_everywhere_and_keeps_nothing(desk: Desk, client: Client) -> None:
    link = share(desk)
    owner = client_of(desk.person)
    owner.post(f"/shares/{link.id}/revoke/")
    for below in BELOW:
        answer = client.get(link.path + below)
        assert answer.status_code == 410
        assert b"ANSWER" not in answer.content
        assert owner.get(link.path + below).status_code == 410
    row = Share.objects.get(pk=link.id)
    assert (row.snapshot, row.exchanges.count()) == ("", 0)
    assert owner.post(f"/shares/{link.id}/update/", share_fields()).status_code == 404


def test_a_link_ends_with_its_time(desk: Desk, client: Client) -> None:
    link = share(desk, expires="1")
    assert client.get(link.path).status_code == 200
    Share.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert client.get(link.path).status_code == 410


def test_a_link_ends_with_its_conversation(desk: Desk, client: Client) -> None:
    link = share(desk)
    conversations_trash(user=desk.person, ids=[desk.conversation.pk])
    assert client.get(link.path).status_code == 410
    Conversation.objects.update(trashed=None)
    assert client.get(link.path).status_code == 200
    conversation_delete(conversation=desk.conversation)
    assert client.get(link.path).status_code == 410
    assert Share.objects.get(pk=link.id).snapshot == ""
    assert "conversation deleted" in text(client_of(desk.person), "/settings/shares/")


def test_links_of_a_locked_account_rest_with_it(alice: User, bob: User, client: Client) -> None:
    desk = desk_make(bob)
    answered(desk)
    link = share(desk)
    person_deactivate(actor=alice, person=bob)
    assert client.get(link.path).status_code == 410


@pytest.mark.parametrize("token", ["x", "0" * 43, "..", "%2e%2e", "é", "a" * 3000])
def test_a_guessed_link_is_not_there(desk: Desk, client: Client, token: str) -> None:
    share(desk)
    assert client.get(f"/s/{token}/").status_code == 404


def test_the_token_is_kept_as_a_hash_and_sealed(desk: Desk) -> None:
    link = share(desk)
    (row,) = Share.objects.values()
    assert link.token not in str(row)
    assert link.token in text(client_of(desk.person), "/settings/shares/")


def test_a_new_vault_key_seals_links_anew_and_a_lost_one_hides_only_the_address(
    desk: Desk, settings: Any, client: Client
) -> None:
    from cryptography.fernet import Fernet

    link = share(desk)
    sealed = Share.objects.get().token_sealed
    settings.VAULT_KEYS = [Fernet.generate_key().decode(), *settings.VAULT_KEYS]
    call_command("vault_rotate")
    assert Share.objects.get().token_sealed != sealed
    settings.VAULT_KEYS = settings.VAULT_KEYS[:1]
    assert link.token in text(client_of(desk.person), "/settings/shares/")
    settings.VAULT_KEYS = [Fernet.generate_key().decode()]
    assert "cannot be shown again" not in text(client, link.path)
    dialog = text(client_of(desk.person), f"/conversations/{desk.conversation.pk}/share/")
    assert "cannot be shown again" in dialog
    assert link.token not in dialog


# Frozen


def test_what_happens_in_the_conversation_changes_no_link(desk: Desk, client: Client) -> None:
    link = share(desk)
    read = everything_readable(client, link)
    question = Message.objects.get(role="user")
    column = Column.objects.get()
    answered(desk, "another question", "another answer")
    Message.objects.filter(pk=question.pk).update(content=[{"type": "text", "text": "changed in place"}])
    Exchange.objects.update(body="{}", headers=[["x", "y"]])
    column.settings["system"] = "changed"
    column.save()
    Conversation.objects.update(title="changed")
    User.objects.filter(pk=desk.person.pk).update(name="changed")
    Message.objects.filter(role="assistant").update(deleted=timezone.now())
    assert everything_readable(client, link) == read


def test_an_update_publishes_the_newer_state_under_the_same_link(desk: Desk, client: Client) -> None:
    link = share(desk, password="long enough password")
    answered(desk, "LATERQUESTION", "LATERANSWER")
    owner = client_of(desk.person)
    form = text(owner, f"/conversations/{desk.conversation.pk}/share/?share={link.id}")
    assert 'action="/shares/' in form
    answer = owner.post(f"/shares/{link.id}/update/", share_fields(title="Newer", password_remove="on"))
    assert answer.status_code == 200
    page = text(client, link.path)
    assert "LATERANSWER" in page
    assert "Newer" in page
    assert "SYSTEMCANARY" not in page
    assert client.get(f"{link.path}exchanges/0/request/").status_code == 404


def test_an_update_keeps_password_and_end_unless_told_otherwise(desk: Desk, client: Client) -> None:
    link = share(desk, password="long enough password", expires="7")
    before = Share.objects.get()
    client_of(desk.person).post(f"/shares/{link.id}/update/", share_fields(expires="keep"))
    after = Share.objects.get()
    assert (after.password, after.expires) == (before.password, before.expires)
    assert "ANSWER" not in text(client, link.path)


def test_the_preview_is_what_the_reader_gets(desk: Desk, client: Client) -> None:
    owner = client_of(desk.person)
    pk = desk.conversation.pk
    for fields in ({**EVERYTHING}, {}, {"parameters": "on"}):
        preview = owner.post(f"/conversations/{pk}/share/preview/", share_fields(**fields)).content.decode()
        made = owner.post(f"/conversations/{pk}/shares/", share_fields(**fields)).content.decode()
        page = text(client, link_in(made).path)
        for word in ("QUESTION", "ANSWER", "SYSTEMCANARY", "PARAMETERCANARY", "alice", "Request, response"):
            assert (word in preview) == (word in page), (word, fields)


def test_the_preview_warns_before_anybody_else_sees_it(alice: User) -> None:
    desk = desk_make(alice)
    answered(desk, "My key is sk-abcdefghijklmnopqrstuv", f"You said: {SYSTEM}")
    answer = client_of(alice).post(f"/conversations/{desk.conversation.pk}/share/preview/", share_fields())
    page = answer.content.decode()
    assert "An API key in message 1: sk-abcde…stuv" in page
    assert "Message 2 repeats something that you leave out." in page


@pytest.mark.parametrize(
    "fields",
    [
        {"audience": "everybody"},
        {"expires": "soon"},
        {"expires": "keep"},
        {"max_views": "0"},
        {"max_views": "-1"},
        {"password": "short"},
        {"title": "x" * 201},
    ],
)
def test_settings_that_make_no_sense_make_no_link(desk: Desk, fields: dict[str, str]) -> None:
    pk = desk.conversation.pk
    answer = client_of(desk.person).post(f"/conversations/{pk}/shares/", share_fields(**fields))
    assert answer.status_code == 422
    assert not Share.objects.exists()


def test_only_chosen_columns_are_shared(desk: Desk, client: Client) -> None:
    first = Column.objects.get()
    second = Column.objects.create(
        conversation=desk.conversation, position=1, settings={"model": "OTHERCOLUMN"}
    )
    both = text(client, share(desk, columns=[first.pk, second.pk]).path)
    assert len(Share.objects.get().options["columns"]) == 0, "all of them"
    assert "OTHERCOLUMN" in both
    assert "OTHERCOLUMN" not in everything_readable(client, share(desk, columns=[first.pk]))
    owner = client_of(desk.person)
    for columns in ([], [second.pk + 1], ["x"]):
        fields = share_fields(**EVERYTHING, columns=columns)
        preview = owner.post(f"/conversations/{desk.conversation.pk}/share/preview/", fields)
        assert "QUESTION" not in preview.content.decode()
        assert owner.post(f"/conversations/{desk.conversation.pk}/shares/", fields).status_code == 422
