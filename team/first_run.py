"""Who may make the very first account, which becomes administrator.

On a machine of one's own, whoever opens the page. Where strangers can reach the server, whoever can read its
console: the token is printed there. It is derived from SECRET_KEY, so every process prints the same one and nothing
has to be stored; once an account exists it opens nothing.
"""

from __future__ import annotations

import base64
import hmac
import ipaddress
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.crypto import salted_hmac


def is_token_needed() -> bool:
    """Whether somebody else than this machine's user could reach the sign-up page."""
    public_host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    is_private = _is_loopback(settings.HOST) and _is_loopback(public_host) and not settings.TRUSTED_PROXIES
    return not is_private


def token() -> str:
    """Return the token to print on the console, 32 URL-safe characters."""
    digest = salted_hmac("team.first_run", "first administrator", algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest[:24]).decode("ascii")


def is_token(text: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(text.strip().encode(), token().encode())


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
