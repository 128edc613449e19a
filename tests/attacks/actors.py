"""What somebody at a page can do besides chatting: make providers, ask for anything, run and see the outcome."""

import json
import re
from dataclasses import replace
from typing import Any, Final
from uuid import uuid4

import httpx

from tests.fakes import FakeUpstream, Reply
from tests.playground.pages import Followed, Page

TABS: Final = ("request", "response", "events", "timing", "tokens", "code")
FETCHED: Final = ("diff/", "replay/", "text/?of=request", "text/?of=response", "text/?of=raw")
"""What the tabs fetch when somebody opens it."""
MEMBER_KEY: Final = "sk-member-canary-9876543210fedcba"


def sign_up_open(page: Page) -> None:
    """As the administrator, let everybody in."""
    fields = {"signup_mode": "open", "private_hosts": ""}
    page.process.post(page.client, "/settings/team/settings/", fields).raise_for_status()


def ask(
    page: Page, method: str, path: str, fields: dict[str, Any] | None = None, **headers: str
) -> httpx.Response:
    """Ask for a path with the page's session and CSRF token; redirects are answers, not followed."""
    if "csrftoken" not in page.client.cookies:
        page.client.get("/accounts/login/")
    sent = {"Origin": page.process.url, "X-CSRFToken": page.client.cookies.get("csrftoken") or "", **headers}
    data = fields if method == "POST" else None
    return page.client.request(method, path, data=data, headers=sent, follow_redirects=False)


def provider_fields(**fields: str) -> dict[str, str]:
    """Return the provider form, filled in."""
    return {
        "name": f"Gateway {uuid4()}",
        "scope": "personal",
        "base_url": "https://api.example.com/v1",
        "api": "generic",
        "auth": "bearer",
        "auth_header": "",
        "key": "",
        "extra_headers": "",
        "model_names": "model-a",
        "first_byte_timeout": "120",
        "idle_timeout": "120",
        **fields,
    }


def provider_add(page: Page, **fields: str) -> str:
    """Make a provider through the page; return its id."""
    answer = ask(page, "POST", "/settings/providers/new/", provider_fields(**fields))
    found = re.fullmatch(r"/settings/providers/([0-9a-f-]{36})/", answer.headers.get("location", ""))
    assert found, f"{answer.status_code}: {answer.text}"
    return found[1]


def provider_edit(page: Page, provider: str, **fields: str) -> httpx.Response:
    return ask(page, "POST", f"/settings/providers/{provider}/", provider_fields(**fields))


def run_follow(page: Page, **fields: Any) -> tuple[str, Followed]:
    """Send a message and follow the answer to its end; return the exchange and what the page showed."""
    exchange = page.send(**fields).exchange
    with page.socket() as socket:
        socket.follow(exchange)
        return exchange, socket.until_end()


def run_reply(page: Page, upstream: FakeUpstream, reply: Reply, **fields: Any) -> tuple[str, Followed]:
    """The same in a conversation of its own, answered with this reply."""
    page = page.conversation_new(model=f"model-{uuid4()}")
    upstream.script(page.model, reply)
    return run_follow(page, **fields)


def at_provider(page: Page, provider: str) -> Page:
    """The same page with another provider chosen."""
    return replace(page, provider=provider)


def shown(page: Page, exchange: str, *, conversation: str = "") -> dict[str, str]:
    """Return every page and tab that shows an exchange, by name; each must answer 200."""
    paths = {tab: f"/exchanges/{exchange}/{tab}/" for tab in TABS}
    paths["conversation"] = f"/conversations/{conversation or page.conversation}/"
    answers = {name: page.client.get(path) for name, path in paths.items()}
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(paths, 200)
    return {name: answer.text for name, answer in answers.items()}


def ended(followed: Followed) -> dict[str, Any]:
    """Return the last update of an exchange."""
    assert followed.end is not None
    return followed.end


def parameters(**values: str) -> str:
    """Return the page's field of parameters: name → JSON source text; it streams unless told otherwise."""
    return json.dumps({"stream": "true", **values})
