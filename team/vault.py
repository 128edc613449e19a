"""Encryption at rest for API keys and extra headers: values in, tokens out, and back.

Tokens are made by the first of ``settings.VAULT_KEYS`` and read by any of them, so a new key is put
in front and ``manage.py vault_rotate`` re-encrypts what older keys made. A value is sealed together
with the origin it may be sent to: a token copied to another row, or a row whose origin was edited,
does not open.
"""

from __future__ import annotations

import json
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class VaultError(Exception):
    """The token was made by an unknown key, damaged, or sealed for another origin. Never holds the value."""


def seal(value: str, *, origin: str) -> str:
    """Return the token that keeps ``value`` for ``origin`` only."""
    return _fernet().encrypt(json.dumps([origin, value]).encode()).decode("ascii")


def unseal(token: str, *, origin: str) -> str:
    """Return the value sealed in ``token``. Raises VaultError unless it was sealed for ``origin``."""
    try:
        sealed_for, value = json.loads(_fernet().decrypt(token.encode()))
    except InvalidToken:
        raise VaultError("the secret cannot be decrypted with the vault keys of this installation") from None
    if sealed_for != origin:
        raise VaultError("the secret was sealed for another origin")
    return str(value)


def rotate(token: str) -> str:
    """Return the same secret under the first key. Raises VaultError when no key opens it."""
    try:
        return _fernet().rotate(token.encode()).decode("ascii")
    except InvalidToken:
        raise VaultError("the secret cannot be decrypted with the vault keys of this installation") from None


def _fernet() -> MultiFernet:
    return _fernet_of(tuple(settings.VAULT_KEYS))


@lru_cache(maxsize=8)
def _fernet_of(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
