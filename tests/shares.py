"""Links made as the Share dialog makes them, and what a reader asks of them."""

import re
from dataclasses import dataclass
from html import unescape
from typing import Any, Final

import httpx

from tests.playground.pages import Page

EVERYTHING: Final = {"system": "on", "parameters": "on", "images": "on", "raw": "on", "author": "on"}


@dataclass(frozen=True, slots=True)
class SharedLink:
    """A link: the id under which its owner has it, and the token that its readers have."""

    id: str
    token: str

    @property
    def path(self) -> str:
        """Where it leads."""
        return f"/s/{self.token}/"


def link_in(html: str) -> SharedLink:
    """Return the first link that a dialog or a list shows to its owner."""
    token = re.search(r"/s/([\w-]{43})/", unescape(html))
    pk = re.search(r"share-url-([0-9a-f-]{36})", html)
    assert token, html[:3000]
    assert pk
    return SharedLink(pk[1], token[1])


def share_fields(**fields: Any) -> dict[str, Any]:
    """Return the form of the dialog, filled in."""
    return {"title": "", "audience": "link", "expires": "never", "max_views": "", "password": "", **fields}


def share_make(page: Page, **fields: Any) -> SharedLink:
    """Make a link to the page's conversation; everything is in it unless named otherwise (None leaves a part out)."""
    given = {name: value for name, value in (EVERYTHING | fields).items() if value is not None}
    answer = page.process.post(
        page.client, f"/conversations/{page.conversation}/shares/", share_fields(**given)
    )
    assert answer.status_code == 200, answer.text[:3000]
    return link_in(answer.text)


def reader_of(page: Page) -> httpx.Client:
    """Return somebody without an account."""
    return page.process.client()
