"""API keys: sealed as they come in, and never given back."""

from __future__ import annotations

from django.db import transaction

from team import vault
from team.models import ApiKey, Provider, User
from team.provider_values import key_clean, last4_of, origin_of
from team.services.audit import audit
from team.signals import vault_rotates


@transaction.atomic
def key_set(*, actor: User | None, provider: Provider, key: str, owner: User | None) -> ApiKey:
    """Seal a key for the provider's present origin, in place of the owner's earlier one.

    ``owner`` None grants the key to the team for use. Raises InvalidValue when it cannot be a key.
    """
    key = key_clean(key)
    origin = origin_of(provider.base_url)
    api_key, _created = ApiKey.objects.update_or_create(
        provider=provider,
        owner=owner,
        defaults={
            "ciphertext": vault.seal(key, origin=origin),
            "last4": last4_of(key),
            "origin": origin,
        },
    )
    audit(actor=actor, action="key.set", target=provider.name, origin=origin, scope=_scope(owner))
    return api_key


@transaction.atomic
def key_remove(*, actor: User, provider: Provider, owner: User | None) -> None:
    """Forget the owner's key for the provider, if there is one."""
    deleted, _rows = ApiKey.objects.filter(provider=provider, owner=owner).delete()
    if deleted:
        audit(actor=actor, action="key.remove", target=provider.name, scope=_scope(owner))


@transaction.atomic
def vault_rotate() -> int:
    """Re-encrypt every secret under the first vault key; return how many.

    Raises VaultError, changing nothing, when one of them cannot be read.
    """
    count = 0
    for key in ApiKey.objects.select_for_update().only("pk", "ciphertext"):
        ApiKey.objects.filter(pk=key.pk).update(ciphertext=vault.rotate(key.ciphertext))
        count += 1
    sealed = Provider.objects.select_for_update().exclude(extra_headers_ciphertext="")
    for provider in sealed.only("pk", "extra_headers_ciphertext"):
        token = vault.rotate(provider.extra_headers_ciphertext)
        Provider.objects.filter(pk=provider.pk).update(extra_headers_ciphertext=token)
        count += 1
    count += sum(int(rotated or 0) for _receiver, rotated in vault_rotates.send(sender=None))
    audit(actor=None, action="vault.rotate", count=count)
    return count


def _scope(owner: User | None) -> str:
    return "team" if owner is None else "personal"
