"""Everything of Alice's that has an address, and every address there is."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import httpx
from django.urls import URLPattern, URLResolver, get_resolver

from tests.attacks.actors import ask, parameters, provider_add, provider_edit, provider_fields
from tests.fakes import FakeUpstream, Http
from tests.pictures import picture
from tests.playground.pages import Page, Sent
from tests.shares import SharedLink, share_make

CANARY: Final = "aliceonly"
"""In every text of Alice's: title, message, answer, system prompt, provider."""
PASSWORD: Final = f"{CANARY} password"
"""What opens the link that she made."""


def routes(patterns: Iterable[URLPattern | URLResolver], prefix: str = "/") -> Iterator[tuple[str, str]]:
    """Name and pattern of every route."""
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, path)
        else:
            yield pattern.name or path, path


ALL_ROUTES: Final = tuple(routes(get_resolver("playground.urls").url_patterns))
URLCONF: Final = dict(ALL_ROUTES)
_QUERIES: Final = {
    "exchange-text": "?of=request",
    "exchange-part": "?of=request&at=",
    "exchange-prefix": "?choice=0&token=1&alternative=1",
}
"""What a route has to be told besides its address, or it knows nothing to show anybody."""
_NUMBERS: Final = {"exchange-event": "1", "exchange-image": "1", "preset-revert": "1"}
"""Things that are counted from 1."""


@dataclass(frozen=True, slots=True)
class Belongings:
    """What Alice has, by the names that the routes give it."""

    page: Page
    sent: Sent
    messages: tuple[str, ...]
    provider: str
    share: SharedLink
    digest: str
    change: str
    preset: str
    comment: str
    mock: str
    column: str
    price: str
    budget: str
    first: str = "1"  # she is the first account, and made the first invitation

    def path(self, name: str) -> str:
        """Return the path of a route to what is Alice's."""
        ids = {
            "<uuid:before>": self.messages[-1],
            "<uuid:change>": self.change,
            "<uuid:exchange>": self.sent.exchange,
            "<uuid:preset>": self.preset,
            "<uuid:message>": self.messages[0],
            "<uuid:run_id>": str(self.sent.run_id),
            "<str:tab>": "request",
            "<slug:form>": "json",
            "<uuid:other>": self.sent.exchange,
            "<slug:api>": "generic",
            "<slug:digest>": self.digest,
            "<str:token>": self.share.token,
            "<slug:kind>": "markdown",
            "<slug:tab>": "request",
            "<int:number>": _NUMBERS.get(name, "0"),
            "<int:choice>": "0",
            "<int:pk>": {"price-remove": self.price, "budget-remove": self.budget}.get(name, self.first),
            "<int:column>": self.column,
            "^confirm-email/(?P<key>[-:\\w]+)/$": "confirm-email/MQ:made-up/",
            "^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": "password/reset/key/1-made-up/",
        }
        path = URLCONF[name]
        of = {
            "/messages": self.messages[0],
            "/exchanges": self.sent.exchange,
            "/settings": self.provider,
            "/shares": self.share.id,
            "/presets": self.preset,
            "/comments": self.comment,
            "/tools/mocks": self.mock,
        }
        ids["<uuid:pk>"] = next(
            (pk for start, pk in of.items() if path.startswith(start)), self.page.conversation
        )
        for placeholder, value in ids.items():
            path = path.replace(placeholder, value)
        return path + _QUERIES.get(name, "")

    def fields(self, name: str = "") -> dict[str, Any]:
        """Return fields that every form would take, so that only whose they are decides."""
        run = self.page.fields(
            "Hello", parameters=parameters(), title="Taken over", key="sk-of-a-stranger-0123"
        ) | {"url": "https://api.example.com/cat.png"}
        run["model"] = "model-of-a-stranger"  # what one types comes back
        rules = {"signup_mode": "open", "private_hosts": "", "deed": "deactivate", "role": "member"}
        if name == "columns-lead":
            rules["message"] = self.messages[0]
        return provider_fields(name="Taken over") | run | rules


def belongings_make(alice: Page, upstream: FakeUpstream) -> Belongings:
    """Give Alice a provider of her own, a conversation with it, and one of everything that has an address."""
    name = f"{CANARY} gateway {uuid4()}"
    provider = provider_add(alice, name=name, base_url="https://api.example.com/v1")
    provider_edit(alice, provider, name=name, auth="none", model_names=f"{CANARY}-model")
    page = alice.conversation_new(model=f"{CANARY}-model")
    upstream.script(page.model, _answer())
    digest = attachment_add(page)
    image = json.dumps([None, {"type": "image_url", "image_url": {"url": f"attachment:{digest}"}}])
    sent = page.send(f"A question about {CANARY}", system=f"You know {CANARY}.", parts=image)
    with page.socket() as socket:
        socket.follow(sent.exchange)
        assert socket.until_end().text == f"The answer is {CANARY}."
    html = page.client.get(f"/conversations/{page.conversation}/").text
    assert CANARY in html
    messages = tuple(part.split('"')[0] for part in html.split('data-message="')[1:])
    invited = ask(
        alice, "POST", "/settings/team/invitations/", {"role": "member", "days": "7", "note": CANARY}
    )
    assert invited.status_code == 200
    share = share_make(page, title=CANARY, password=PASSWORD)
    return Belongings(
        page=page,
        sent=sent,
        messages=messages,
        provider=provider,
        share=share,
        digest=digest,
        change=change_make(page, messages),
        preset=preset_make(page),
        comment=comment_make(page, messages[-1]),
        mock=mock_make(page),
        column=column_of(page),
        price=price_make(page),
        budget=budget_make(page),
    )


def _answer() -> Http:
    """An answer with all that an answer can have: text with other words it might have been, and a call of a tool."""
    token = {"token": "The", "logprob": -0.1, "bytes": None}
    other = {"token": "An", "logprob": -2.0, "bytes": None}
    call = {"index": 0, "id": "call-1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    deltas: list[dict[str, Any]] = [
        {
            "delta": {"content": f"The answer is {CANARY}."},
            "logprobs": {"content": [{**token, "top_logprobs": [token, other]}]},
        },
        {"delta": {"tool_calls": [call]}, "finish_reason": "tool_calls"},
    ]
    chunks = [{"object": "chat.completion.chunk", "choices": [{"index": 0, **delta}]} for delta in deltas]
    events = [f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks]
    return Http(200, [*events, b"data: [DONE]\n\n"], content_type="text/event-stream")


def change_make(page: Page, messages: tuple[str, ...]) -> str:
    """Insert a message by hand at the end of a page's conversation; return the id of what takes it back."""
    fields = {"after": messages[-1], "role": "user", "text": f"By hand: {CANARY}"}
    answer = ask(page, "POST", f"/conversations/{page.conversation}/messages/insert/", fields)
    answer.raise_for_status()
    return str(answer.json()["undo"]).strip("/").split("/")[-2]


def preset_make(page: Page) -> str:
    """Save a preset of a page's person; return its id."""
    fields = {**page.fields(""), "name": CANARY, "system": f"{CANARY} {{{{city}}}}"}
    answer = ask(page, "POST", "/presets/new/", fields)
    answer.raise_for_status()
    return _first_in(answer.text, 'data-preset="')


def comment_make(page: Page, message: str) -> str:
    """Comment on a message; return the comment's id."""
    answer = ask(page, "POST", f"/messages/{message}/comments/", {"text": CANARY})
    answer.raise_for_status()
    return _first_in(answer.text, 'hx-post="/comments/').strip("/").split("/")[0]


def mock_make(page: Page) -> str:
    """Keep a result of a tool; return its id."""
    fields = {"name": f"{CANARY}_tool", "match": "any", "result": CANARY}
    answer: httpx.Response = ask(page, "POST", "/tools/mocks/new/", fields)
    answer.raise_for_status()
    return _first_in(page.client.get("/tools/mocks/").text, 'data-mock="')


def price_make(page: Page) -> str:
    """As an administrator, set a price; return its id."""
    fields = {"model": f"{CANARY}-{uuid4()}", "provider": "", "input": "1", "output": "2", "currency": "USD"}
    assert ask(page, "POST", "/settings/prices/", fields).status_code == 302
    html = page.client.get("/settings/prices/").text
    return _number_in(html.split(fields["model"], 1)[1], "prices")


def budget_make(page: Page) -> str:
    """As an administrator, set a budget of one's own; return its id."""
    fields = {"of": "person-1", "amount": "1000", "currency": "USD"}
    assert ask(page, "POST", "/settings/budgets/", fields).status_code == 302
    return _number_in(page.client.get("/settings/budgets/").text, "budgets")


def _number_in(html: str, of: str) -> str:
    """Return the id in the first address that removes one of these."""
    found = re.search(rf"/settings/{of}/(\d+)/remove/", html)
    assert found, html[:3000]
    return found[1]


def column_of(page: Page) -> str:
    """Return the id of a conversation's only column: the first one that opens there."""
    path = f"/conversations/{page.conversation}/columns/"
    return next(str(pk) for pk in range(1, 500) if page.client.get(f"{path}{pk}/").status_code == 200)


def attachment_add(page: Page) -> str:
    """Attach an image to a page's conversation; return its digest."""
    answer = page.client.post(
        f"/conversations/{page.conversation}/attachments/",
        files={"file": ("cat.png", picture(), "image/png")},
        headers={"Origin": page.process.url, "X-CSRFToken": page.client.cookies["csrftoken"]},
    )
    answer.raise_for_status()
    return str(answer.json()["digest"])


def _first_in(html: str, start: str) -> str:
    """Return what stands between this text and the next quotation mark."""
    assert start in html, html[:3000]
    return html.split(start, 1)[1].split('"')[0]
