"""What administrators decide, and that nobody else does."""

from __future__ import annotations

import pytest
from django.test import Client

from team.models import AuditEvent, Invitation, Role, TeamSettings, User
from team.selectors import allowed_hosts
from team.services import invitation_create, person_deactivate, person_role_set

TEAM = "/settings/team/"


def test_an_administrator_sees_members_invitations_rules_and_log(
    alice_client: Client, bob: User, alice: User
) -> None:
    invitation_create(actor=alice, note="For Dora")
    page = alice_client.get(TEAM).content.decode()
    for text in ("bob@example.com", "For Dora", "Who may sign up", "invitation.create"):
        assert text in page
    assert alice_client.get("/settings/team/log/").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", TEAM),
        ("get", "/settings/team/log/"),
        ("post", "/settings/team/settings/"),
        ("post", "/settings/team/invitations/"),
        ("post", "/settings/team/invitations/1/revoke/"),
        ("post", "/settings/team/people/1/"),
    ],
)
def test_for_members_the_page_does_not_exist(alice: User, bob_client: Client, method: str, path: str) -> None:
    assert getattr(bob_client, method)(path, {"deed": "administrator"}).status_code == 404
    assert not Invitation.objects.exists()
    assert not User.objects.get(username="bob").is_administrator


def test_a_link_is_shown_once(alice_client: Client) -> None:
    link = alice_client.post(f"{TEAM}invitations/", {"role": "member", "days": "7"}).context["new_link"]
    token = link.partition("invitation=")[2]
    assert token
    assert token not in alice_client.get(TEAM).content.decode()


def test_a_revoked_invitation_cannot_be_revoked_again(alice: User, alice_client: Client) -> None:
    invitation, _token = invitation_create(actor=alice)
    for text in ("Invitation revoked.", "used or revoked before"):
        page = alice_client.post(f"{TEAM}invitations/{invitation.pk}/revoke/", follow=True)
        assert text in page.content.decode()
    assert AuditEvent.objects.filter(action="invitation.revoke").count() == 1


def test_roles_change_and_are_recorded(alice: User, alice_client: Client, bob: User) -> None:
    alice_client.post(f"{TEAM}people/{bob.pk}/", {"deed": "administrator"})
    bob.refresh_from_db()
    assert bob.is_administrator
    assert bob.is_staff
    event = AuditEvent.objects.get(action="person.role")
    assert (event.actor, event.target, event.details) == (alice, "bob", {"role": "administrator"})


@pytest.mark.parametrize("deed", ["member", "deactivate"])
def test_the_last_administrator_cannot_leave(alice: User, alice_client: Client, bob: User, deed: str) -> None:
    page = alice_client.post(f"{TEAM}people/{alice.pk}/", {"deed": deed}, follow=True)
    assert "at least one administrator" in page.content.decode()
    alice.refresh_from_db()
    assert alice.is_administrator


def test_with_another_administrator_one_may_leave(alice: User, bob: User) -> None:
    person_role_set(actor=alice, person=bob, role=Role.ADMINISTRATOR)
    person_deactivate(actor=bob, person=alice)
    alice.refresh_from_db()
    assert not alice.is_administrator


def test_an_unknown_deed_is_not_found(alice_client: Client, bob: User) -> None:
    assert alice_client.post(f"{TEAM}people/{bob.pk}/", {"deed": "promote"}).status_code == 404
    assert alice_client.post(f"{TEAM}people/999999/", {"deed": "deactivate"}).status_code == 404


def test_private_hosts_count_from_now_on(alice_client: Client) -> None:
    answer = alice_client.post(
        f"{TEAM}settings/",
        {
            "signup_mode": "open",
            "private_hosts": "vllm.lan:8000\n10.1.0.0/16, 10.1.0.0/16",
            "reference_public": "on",
        },
    )
    assert answer.status_code == 302
    assert allowed_hosts() == ("vllm.lan:8000", "10.1.0.0/16")
    row = TeamSettings.objects.get()
    assert (row.signup_mode, row.reference_public) == ("open", True)
    assert "vllm.lan:8000" in alice_client.get(TEAM).content.decode()


def test_a_wrong_private_host_is_refused_and_stays_in_the_field(alice_client: Client) -> None:
    answer = alice_client.post(f"{TEAM}settings/", {"signup_mode": "open", "private_hosts": "10.0.0.0/99"})
    assert answer.status_code == 422
    assert "10.0.0.0/99" in answer.content.decode()
    assert not TeamSettings.objects.filter(signup_mode="open").exists()


async def test_inside_an_event_loop_allowed_hosts_asks_no_database(settings: object) -> None:
    """No ``db`` fixture here: a query would fail."""
    assert isinstance(allowed_hosts(), tuple)


def test_the_profile_keeps_name_language_and_theme(bob: User, bob_client: Client) -> None:
    answer = bob_client.post(
        "/settings/profile/", {"name": "Bob <b>B</b>", "language": "zh-hans", "theme": "dark"}
    )
    assert answer.status_code == 302
    assert answer.cookies["theme"].value == "dark"
    assert answer.cookies["django_language"].value == "zh-hans"
    bob.refresh_from_db()
    assert (bob.name, bob.language, bob.theme) == ("Bob <b>B</b>", "zh-hans", "dark")
    answer = bob_client.post("/settings/profile/", {"name": "", "language": "", "theme": "system"})
    assert answer.cookies["theme"]["max-age"] == 0
    assert answer.cookies["django_language"]["max-age"] == 0


@pytest.mark.parametrize("values", [{"language": "tlh"}, {"theme": "neon"}])
def test_the_profile_refuses_what_is_not_offered(bob_client: Client, values: dict[str, str]) -> None:
    values = {"name": "", "language": "", "theme": "system", **values}
    assert bob_client.post("/settings/profile/", values).status_code == 422
