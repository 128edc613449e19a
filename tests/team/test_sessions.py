"""Signing in and out, and who is locked out when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from team.models import Role, Theme, User
from team.selectors import session_is_valid
from team.services import person_deactivate, person_reactivate
from team.signals import person_signed_out
from tests.cast import PASSWORD, client_of

LOGIN = "/accounts/login/"


@pytest.fixture
def heard() -> Iterator[list[dict[str, Any]]]:
    """What the signal said while the test ran."""
    heard: list[dict[str, Any]] = []

    def listen(sender: object, user_id: int, session_key: str | None, kept: str | None, **_: object) -> None:
        heard.append({"user_id": user_id, "session_key": session_key, "kept": kept})

    person_signed_out.connect(listen)
    yield heard
    person_signed_out.disconnect(listen)


@pytest.mark.parametrize("login", ["bob", "BOB", "bob@example.com", "Bob@Example.com"])
def test_people_sign_in_with_username_or_email(bob: User, client: Client, login: str) -> None:
    page = client.get(LOGIN).content.decode()
    assert ">Username or email</label>" in page
    assert "Sign in · Chat Playground" in page
    answer = client.post(LOGIN, {"login": login, "password": PASSWORD})
    assert answer["Location"] == "/"
    assert client.session["_auth_user_id"] == str(bob.pk)


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example.com/",
        "//evil.example.com",
        "/\\evil.example.com",
        "http://127.0.0.1:9/",
        "http://localhost/",
        "javascript:alert(1)",
        "\thttps://evil.example.com",
    ],
)
def test_after_signing_in_only_own_pages_are_followed(bob: User, client: Client, target: str) -> None:
    answer = client.post(LOGIN, {"login": "bob", "password": PASSWORD, "next": target})
    assert answer["Location"] == "/"


def test_after_signing_in_an_own_page_is_followed(bob: User, client: Client) -> None:
    answer = client.post(LOGIN, {"login": "bob", "password": PASSWORD, "next": "/settings/profile/"})
    assert answer["Location"] == "/settings/profile/"


def test_guessing_a_password_is_slowed_down_even_for_the_right_one(bob: User, client: Client) -> None:
    for _attempt in range(5):
        answer = client.post(LOGIN, {"login": "bob", "password": "wrong"})
    answer = client.post(LOGIN, {"login": "bob", "password": PASSWORD})
    assert "_auth_user_id" not in client.session
    assert "Too many failed login attempts" in answer.content.decode()


def test_too_many_requests_get_a_page_that_says_so(db: None, client: Client) -> None:
    answers = [client.post(LOGIN, {}) for _ in range(31)]
    assert answers[29].status_code == 200
    assert answers[30].status_code == 429
    assert "Too many attempts" in answers[30].content.decode()


def test_signing_out_ends_the_session_and_says_which(
    bob: User, bob_client: Client, heard: list[dict[str, Any]]
) -> None:
    session_key = bob_client.session.session_key
    assert session_is_valid(user_id=bob.pk, session_key=session_key)
    assert bob_client.get("/accounts/logout/").status_code == 200
    assert bob_client.post("/accounts/logout/").status_code == 302
    assert heard == [{"user_id": bob.pk, "session_key": session_key, "kept": None}]
    assert not session_is_valid(user_id=bob.pk, session_key=session_key)


def test_a_deactivated_person_is_out_at_once(
    alice: User,
    bob: User,
    bob_client: Client,
    heard: list[dict[str, Any]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    session_key = bob_client.session.session_key
    assert bob_client.get("/settings/profile/").status_code == 200

    with django_capture_on_commit_callbacks(execute=True):
        person_deactivate(actor=alice, person=bob)

    assert bob_client.get("/settings/profile/").status_code == 302
    assert heard == [{"user_id": bob.pk, "session_key": None, "kept": None}]
    assert not session_is_valid(user_id=bob.pk, session_key=session_key)
    answer = Client().post(LOGIN, {"login": "bob", "password": PASSWORD}, follow=True)
    assert "This account is deactivated" in answer.content.decode()

    person_reactivate(actor=alice, person=bob)
    assert Client().post(LOGIN, {"login": "bob", "password": PASSWORD})["Location"] == "/"


def test_a_new_password_ends_the_other_sessions(
    bob: User, bob_client: Client, heard: list[dict[str, Any]]
) -> None:
    other = client_of(bob)
    new = "another horse, another battery"
    page = bob_client.get("/accounts/password/change/").content.decode()
    for label in ("Current password", "New password", "New password (again)"):
        assert f">{label}</label>" in page
    answer = bob_client.post(
        "/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new}
    )
    assert answer.status_code == 302
    assert heard[-1] == {
        "user_id": bob.pk,
        "session_key": None,
        "kept": bob_client.session.session_key,
    }
    assert session_is_valid(user_id=bob.pk, session_key=bob_client.session.session_key)
    assert not session_is_valid(user_id=bob.pk, session_key=other.session.session_key)
    assert other.get("/settings/profile/").status_code == 302
    assert bob_client.get("/settings/profile/").status_code == 200


def test_a_reset_link_works_once_and_names_the_public_address(
    bob: User, client: Client, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://playground.example.com"
    answer = client.post("/accounts/password/reset/", {"email": "bob@example.com"}, follow=True)
    assert "Look into your mailbox" in answer.content.decode()
    body = mail.outbox[0].body
    link = re.search(r"https://playground\.example\.com(/accounts/password/reset/key/\S+)", str(body))
    assert link is not None
    new = "another horse, another battery"

    form_page = client.get(link[1], follow=True)
    assert ">New password (again)</label>" in form_page.content.decode()
    changed = client.post(form_page.request["PATH_INFO"], {"password1": new, "password2": new})
    assert changed.status_code == 302
    bob.refresh_from_db()
    assert bob.check_password(new)

    again = Client().get(link[1], follow=True)
    assert "This link does not work any more" in again.content.decode()


def email_change(client: Client, email: str, password: str = PASSWORD) -> dict[str, list[str]]:
    """Change the email on its page; return the errors."""
    data = {"email": email, "password": password, "action_add": ""}
    answer = client.post("/accounts/email/", data, follow=True)
    return dict(answer.context["form"].errors)


def test_an_email_changes_with_the_password(bob: User, bob_client: Client) -> None:
    assert email_change(bob_client, "New@Example.com") == {}
    bob.refresh_from_db()
    assert bob.email == "new@example.com"
    Client().post("/accounts/password/reset/", {"email": "new@example.com"})
    assert mail.outbox[-1].to == ["new@example.com"]
    assert "password/reset/key" in str(mail.outbox[-1].body)


def test_without_the_password_an_email_stays(bob: User, bob_client: Client) -> None:
    assert "password" in email_change(bob_client, "new@example.com", "wrong")
    bob.refresh_from_db()
    assert bob.email == "bob@example.com"


def test_the_email_of_somebody_else_cannot_be_taken(bob: User, charlie: User, bob_client: Client) -> None:
    assert "email" in email_change(bob_client, "Charlie@example.com")
    bob.refresh_from_db()
    assert bob.email == "bob@example.com"


@pytest.mark.parametrize("action", ["action_remove", "action_primary", "action_send"])
def test_an_account_keeps_its_email_whatever_is_posted(bob: User, bob_client: Client, action: str) -> None:
    bob_client.post("/accounts/email/", {"email": "bob@example.com", action: ""})
    bob.refresh_from_db()
    assert bob.email == "bob@example.com"


@pytest.mark.parametrize("key", ["1-null", "0-0", "1-set-password", "zz-undefined"])
def test_a_made_up_reset_link_opens_nothing(bob: User, client: Client, key: str) -> None:
    answer = client.get(f"/accounts/password/reset/key/{key}/", follow=True)
    assert "This link does not work any more" in answer.content.decode()


def test_a_reset_does_not_tell_who_has_an_account(bob: User, client: Client) -> None:
    pages = [
        client.post("/accounts/password/reset/", {"email": email}, follow=True)
        for email in ("bob@example.com", "nobody@example.com")
    ]
    known, unknown = (re.sub(r"[A-Za-z0-9]{64}", "", page.content.decode()) for page in pages)  # CSRF tokens
    assert known == unknown


def test_signing_in_brings_language_and_theme_along(bob: User, client: Client) -> None:
    User.objects.filter(pk=bob.pk).update(language="zh-hans", theme=Theme.DARK)
    client.post(LOGIN, {"login": "bob", "password": PASSWORD})
    assert client.cookies["theme"].value == "dark"
    assert client.cookies["django_language"].value == "zh-hans"


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/password/change/",
        "/accounts/email/",
        "/accounts/logout/",
        "/settings/profile/",
        "/settings/providers/",
        "/settings/providers/new/",
    ],
)
def test_every_page_of_a_member_opens(bob_client: Client, path: str) -> None:
    assert bob_client.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/settings/profile/", "/settings/providers/", "/settings/team/"])
def test_settings_ask_strangers_to_sign_in(db: None, client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer["Location"] == f"/accounts/login/?next={path}"


def test_createsuperuser_makes_an_administrator(db: None) -> None:
    assert User.objects.create_superuser("root", "root@example.com", PASSWORD).role == Role.ADMINISTRATOR
