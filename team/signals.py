"""What other packages may want to know the moment it happens.

``person_signed_out``: sessions ended, and open sockets of them must close. Keyword arguments: ``user_id`` (int);
``session_key`` (str) of the one that ended, or None for all of the person's sessions; ``kept`` (str), with None
above, the one session that goes on (the one in which the password was changed), otherwise None. Sent in the process
that ended the session, after the transaction.

``vault_rotates``: every secret is being sealed anew under the first key of the vault, in one transaction. Receivers
do that for what their package keeps and return how many they were.
"""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from django.contrib.auth.signals import user_logged_out
from django.dispatch import Signal, receiver
from django.http import HttpRequest

person_signed_out = Signal()
vault_rotates = Signal()


@receiver(user_logged_out, dispatch_uid="team.signed_out")
def _signed_out(sender: object, request: HttpRequest | None, user: Any, **_kwargs: object) -> None:
    session_key = request.session.session_key if request is not None else None
    if user is not None and session_key:
        person_signed_out.send(sender=sender, user_id=user.pk, session_key=session_key, kept=None)


@receiver((password_changed, password_reset, password_set), dispatch_uid="team.password_changed")
def _password_changed(sender: object, request: HttpRequest, user: Any, **_kwargs: object) -> None:
    """A new password ends every session but the one in which it was typed."""
    person_signed_out.send(sender=sender, user_id=user.pk, session_key=None, kept=request.session.session_key)
