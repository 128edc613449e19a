"""Secrets at rest: sealed for one origin, rotated without being shown."""

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from pytest_django import Settings

from team import vault
from team.models import ApiKey, Provider, User
from team.selectors import endpoint_for
from tests.cast import provider_make

CANARY = "sk-canary-0123456789abcdef"
ORIGIN = "https://api.example.com:443"


def test_a_sealed_value_comes_back_for_its_origin() -> None:
    assert vault.unseal(vault.seal(CANARY, origin=ORIGIN), origin=ORIGIN) == CANARY


def test_a_sealed_value_does_not_open_for_another_origin() -> None:
    token = vault.seal(CANARY, origin=ORIGIN)
    with pytest.raises(vault.VaultError) as refusal:
        vault.unseal(token, origin="https://evil.example.com:443")
    assert CANARY not in str(refusal.value)


def test_a_token_of_an_unknown_key_is_refused_without_a_trace_of_it(settings: Settings) -> None:
    token = vault.seal(CANARY, origin=ORIGIN)
    settings.VAULT_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(vault.VaultError):
        vault.unseal(token, origin=ORIGIN)


def test_rotation_moves_every_secret_to_the_first_key(alice: User, settings: Settings) -> None:
    provider = provider_make(
        None, actor=alice, key=CANARY, extra_headers=(("X-Org", "canary-header-value-1"),)
    )
    new = Fernet.generate_key().decode()
    settings.VAULT_KEYS = [new, *settings.VAULT_KEYS]

    call_command("vault_rotate")

    settings.VAULT_KEYS = [new]
    endpoint = endpoint_for(user=alice, provider=Provider.objects.get(pk=provider.pk))
    assert endpoint.key == CANARY
    assert endpoint.extra_headers == (("X-Org", "canary-header-value-1"),)


def test_rotation_that_meets_an_unreadable_secret_changes_nothing(alice: User, settings: Settings) -> None:
    provider_make(None, actor=alice, key=CANARY)
    before = list(ApiKey.objects.values_list("ciphertext", flat=True))
    settings.VAULT_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(SystemExit):
        call_command("vault_rotate")
    assert list(ApiKey.objects.values_list("ciphertext", flat=True)) == before
