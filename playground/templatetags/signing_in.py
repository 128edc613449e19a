"""Why somebody has to sign in, on the page where they do."""

from typing import Final
from urllib.parse import urlsplit

from django import template
from django.urls import Resolver404, resolve
from django.utils.translation import gettext_lazy

register = template.Library()

_REASONS: Final = {
    "share": gettext_lazy("What this link leads to is for the team: to read it you need an account."),
    "share-copy": gettext_lazy(
        "To continue as a copy you need an account: the copy becomes a conversation of your own."
    ),
    "share-rerun": gettext_lazy(
        "To run it again you need an account: it is sent with your own API key, and the answer is kept for you."
    ),
}
"""By the name of the page that sent somebody here; of the others it is plain."""


@register.simple_tag
def signing_in_reason(leads_to: str | None) -> str:
    """Return why the page at this address needs an account, "" where nobody has to be told.

    The address alone is looked at, never what it leads to.
    """
    try:
        name = resolve(urlsplit(leads_to or "").path).url_name
    except (Resolver404, ValueError):
        return ""
    return str(_REASONS.get(name or "", ""))
