"""The fixed cast: Alice is an administrator and owns things, Bob is in the team, Charlie is a stranger to both.

Use them by name in every access test: Alice may, Bob may where the team may, Charlie gets a 404.
"""

from __future__ import annotations

import pytest
from django.test import Client

from team.models import Provider, Role, User
from team.provider_values import ProviderValues
from team.services import provider_create

PASSWORD = "correct horse battery staple"


def person_make(username: str, *, role: str = Role.MEMBER) -> User:
    """Make an account as sign-up would, without its rules."""
    is_administrator = role == Role.ADMINISTRATOR
    return User.objects.create_user(
        username,
        f"{username}@example.com",
        PASSWORD,
        role=role,
        is_staff=is_administrator,
        is_superuser=is_administrator,
    )


def client_of(user: User) -> Client:
    """Return a browser in which this person is signed in."""
    client = Client()
    client.force_login(user)
    return client


def provider_make(
    owner: User | None, *, actor: User | None = None, key: str = "", **values: object
) -> Provider:
    """Make a provider of this person, or without one of the team."""
    defaults: dict[str, object] = {"name": "Gateway", "base_url": "https://api.example.com/v1"}
    wanted = ProviderValues(**{**defaults, **values})  # type: ignore[arg-type]
    return provider_create(actor=actor or owner, owner=owner, values=wanted, key=key)


@pytest.fixture
def alice(db: None) -> User:
    """Administrator; owns what a test is about."""
    return person_make("alice", role=Role.ADMINISTRATOR)


@pytest.fixture
def bob(db: None) -> User:
    """A member of the team."""
    return person_make("bob")


@pytest.fixture
def charlie(db: None) -> User:
    """Another member, to whom nothing of Alice's and Bob's belongs."""
    return person_make("charlie")


@pytest.fixture
def alice_client(alice: User) -> Client:
    return client_of(alice)


@pytest.fixture
def bob_client(bob: User) -> Client:
    return client_of(bob)


@pytest.fixture
def charlie_client(charlie: User) -> Client:
    return client_of(charlie)
