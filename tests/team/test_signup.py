"""Who may make an account: the first person, people with a link, or everybody, as the administrator sets."""

from __future__ import annotations

import threading
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from team import first_run
from team.models import AuditEvent, Invitation, Role, SignupMode, TeamSettings, User
from team.services import invitation_create, invitation_revoke, team_settings_update
from tests.cast import PASSWORD

SIGNUP = "/accounts/signup/"


def filled(username: str, **more: str) -> dict[str, str]:
    return {
        "username": username,
        "email": f"{username}@example.com",
        "password1": PASSWORD,
        "password2": PASSWORD,
        **more,
    }


def mode_set(administrator: User, mode: str) -> None:
    team_settings_update(actor=administrator, signup_mode=mode, private_hosts=(), reference_public=False)


def link_of(client: Client, note: str = "") -> str:
    """Make an invitation on the page and return the path of its link."""
    answer = client.post("/settings/team/invitations/", {"note": note, "role": "member", "days": "7"})
    assert answer.status_code == 200
    parts = urlsplit(str(answer.context["new_link"]))
    return f"{parts.path}?{parts.query}"


@pytest.mark.django_db
def test_the_first_account_becomes_administrator_and_lands_in_the_workbench(client: Client) -> None:
    page = client.get(SIGNUP)
    assert page.status_code == 200
    for label in ("Username", "Email", "Password", "Password (again)"):
        assert f">{label}</label>" in page.content.decode()

    answer = client.post(SIGNUP, filled("alice"))

    assert answer.status_code == 302
    assert answer["Location"] == "/"
    alice = User.objects.get()
    assert alice.is_administrator
    assert alice.is_staff
    assert alice.is_superuser
    assert client.session["_auth_user_id"] == str(alice.pk)
    assert AuditEvent.objects.filter(action="account.create", actor=alice).exists()


@pytest.mark.django_db
def test_without_an_invitation_the_next_one_is_told_kindly(alice: User, client: Client) -> None:
    for answer in (client.get(SIGNUP), client.post(SIGNUP, filled("mallory"))):
        assert answer.status_code == 403
        assert "You need an invitation link" in answer.content.decode()
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_an_invitation_link_lets_one_person_in_and_only_once(alice_client: Client) -> None:
    path = link_of(alice_client, "Bob")
    page = Client().get(path)
    assert page.status_code == 200
    token = page.context["form"]["invitation"].value()

    assert Client().post(SIGNUP, filled("bob", invitation=token))["Location"] == "/"
    assert User.objects.get(username="bob").role == Role.MEMBER
    assert Invitation.objects.get().used_by == User.objects.get(username="bob")

    again = Client().post(SIGNUP, filled("mallory", invitation=token))
    assert again.status_code == 403
    assert "does not work any more" in again.content.decode()
    assert not User.objects.filter(username="mallory").exists()


@pytest.mark.django_db
def test_an_invitation_is_kept_as_a_hash(alice: User) -> None:
    invitation, token = invitation_create(actor=alice)
    assert len(token) >= 43
    assert token not in str(Invitation.objects.values().get())
    assert token not in str(list(AuditEvent.objects.values()))
    assert len(invitation.token_hash) == 64


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["null", "None", "", "undefined", "a" * 43, "\udc80"])
def test_a_made_up_token_opens_nothing(alice: User, client: Client, token: str) -> None:
    invitation_create(actor=alice)
    safe = token.encode("utf-8", "replace").decode()
    assert client.post(SIGNUP, filled("mallory", invitation=safe)).status_code == 403
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_an_expired_or_revoked_invitation_opens_nothing(alice: User, client: Client) -> None:
    expired, expired_token = invitation_create(actor=alice)
    Invitation.objects.filter(pk=expired.pk).update(expires=timezone.now() - timedelta(seconds=1))
    revoked, revoked_token = invitation_create(actor=alice)
    invitation_revoke(actor=alice, invitation=revoked)
    for token in (expired_token, revoked_token):
        assert client.post(SIGNUP, filled("mallory", invitation=token)).status_code == 403
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_an_invitation_gives_its_role(alice: User, client: Client) -> None:
    _invitation, token = invitation_create(actor=alice, role=Role.ADMINISTRATOR)
    client.post(SIGNUP, filled("bob", invitation=token))
    assert User.objects.get(username="bob").is_administrator


@pytest.mark.django_db
def test_closed_sign_up_stays_closed_even_with_an_invitation(alice: User, client: Client) -> None:
    _invitation, token = invitation_create(actor=alice)
    mode_set(alice, SignupMode.CLOSED)
    answer = client.post(SIGNUP, filled("bob", invitation=token))
    assert answer.status_code == 403
    assert "Sign-up is closed" in answer.content.decode()
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_open_sign_up_makes_members(alice: User, client: Client) -> None:
    mode_set(alice, SignupMode.OPEN)
    assert client.post(SIGNUP, filled("bob"))["Location"] == "/"
    assert User.objects.get(username="bob").role == Role.MEMBER


@pytest.mark.django_db
def test_nobody_gets_the_first_seat_after_every_account_is_gone(alice: User, client: Client) -> None:
    mode_set(alice, SignupMode.INVITATION)
    client.post(SIGNUP, filled("first"))
    TeamSettings.objects.update(first_account_made=True)
    User.objects.all().delete()
    assert client.post(SIGNUP, filled("mallory")).status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("host", "public_url", "needed"),
    [
        ("127.0.0.1", "", False),
        ("::1", "http://localhost:8000", False),
        ("0.0.0.0", "", True),
        ("127.0.0.1", "https://playground.example.com", True),
    ],
)
def test_the_token_is_needed_where_strangers_reach_the_server(
    settings: Settings, host: str, public_url: str, needed: bool
) -> None:
    settings.HOST, settings.PUBLIC_URL = host, public_url
    assert first_run.is_token_needed() is needed


@pytest.mark.django_db
def test_on_a_public_host_the_first_account_needs_the_consoles_token(
    settings: Settings, client: Client
) -> None:
    settings.HOST = "0.0.0.0"
    for wrong in ("", "guessed", first_run.token()[:-1]):
        answer = client.post(SIGNUP, filled("mallory", token=wrong))
        assert "token" in answer.context["form"].errors
    assert not User.objects.exists()

    page = client.get(SIGNUP, {"token": first_run.token()})
    assert page.context["form"]["token"].value() == first_run.token()
    assert client.post(SIGNUP, filled("alice", token=first_run.token()))["Location"] == "/"
    assert User.objects.get().is_administrator


@pytest.mark.django_db
def test_the_consoles_token_opens_nothing_later(settings: Settings, alice: User, client: Client) -> None:
    settings.HOST = "0.0.0.0"
    assert client.post(SIGNUP, filled("mallory", token=first_run.token())).status_code == 403


@pytest.mark.django_db
def test_a_username_differs_by_more_than_its_case(alice: User, client: Client) -> None:
    mode_set(alice, SignupMode.OPEN)
    answer = client.post(SIGNUP, filled("ALICE", email="other@example.com"))
    assert "username" in answer.context["form"].errors


@pytest.mark.django_db
def test_an_email_belongs_to_one_account(alice: User, client: Client) -> None:
    mode_set(alice, SignupMode.OPEN)
    answer = client.post(SIGNUP, filled("mallory", email="Alice@Example.com"))
    assert "email" in answer.context["form"].errors
    assert User.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_arrive_at_once_one_becomes_administrator() -> None:
    """Two threads with a connection each, let go at the same moment. The row they wait for exists: making it
    would be a lock by itself."""
    TeamSettings.objects.create()
    barrier = threading.Barrier(2)
    statuses: dict[str, int] = {}

    def sign_up(username: str) -> None:
        client = Client()
        client.get(SIGNUP)
        barrier.wait(10)
        try:
            statuses[username] = client.post(SIGNUP, filled(username)).status_code
        finally:
            connection.close()

    threads = [threading.Thread(target=sign_up, args=(name,)) for name in ("alice", "mallory")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(statuses.values()) == [302, 403]
    winner = User.objects.get()
    assert winner.is_administrator
    assert statuses[winner.username] == 302


@pytest.mark.django_db(transaction=True)
def test_of_two_with_the_same_invitation_one_gets_in(alice: User) -> None:
    _invitation, token = invitation_create(actor=alice)
    barrier = threading.Barrier(2)
    statuses: list[int] = []

    def sign_up(username: str) -> None:
        client = Client()
        barrier.wait(10)
        try:
            statuses.append(client.post(SIGNUP, filled(username, invitation=token)).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=sign_up, args=(name,)) for name in ("bob", "charlie")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(statuses) == [302, 403]
    assert User.objects.count() == 2
