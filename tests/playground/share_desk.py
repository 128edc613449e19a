"""A conversation that was never sent anywhere, links to it, and everything that can be read behind them."""

import json
import re
from typing import Any, Final

from django.test import Client

from conversations.models import Exchange
from conversations.services import (
    Ending,
    Progress,
    ResponseHead,
    recordings_write,
)
from team.models import User
from tests.cast import client_of
from tests.desk import Desk, desk_make, response
from tests.shares import EVERYTHING, SharedLink, link_in, share_fields

SYSTEM: Final = "You are SYSTEMCANARY, the keeper of a lighthouse that nobody else may know of."
BELOW: Final = ("", "exchanges/0/request/", "exchanges/0/code/", "export/markdown/", "export/json/")
TABS: Final = ("request", "response", "events", "timing", "code")


def answered(desk: Desk, question: str = "QUESTION", answer: str = "ANSWER", **parameters: Any) -> Exchange:
    """Say something and have it answered, streamed in one event."""
    opened = desk.open(question, system=SYSTEM, **parameters)
    pk = opened.exchanges[0].id
    chunk = {"choices": [{"index": 0, "delta": {"content": answer}}]}
    raw = f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode()
    head = ResponseHead(
        status=200,
        reason="OK",
        http_version="1.1",
        headers=(("content-type", "text/event-stream"),),
        sent_headers=(("Authorization", "Bearer ••••cdef"),),
        timing={"first_byte": 10.0},
    )
    ending = Ending(
        exchange_id=pk,
        state=Exchange.State.COMPLETED,
        response=response(answer),
        error=None,
        timing={"first_byte": 10.0, "first_token": 11.0, "ended": 20.0},
    )
    recordings_write(
        progress=[Progress(exchange_id=pk, sequence=0, pieces=((raw, 12.0),), head=head)], endings=[ending]
    )
    return Exchange.objects.get(pk=pk)


def desk_answered(person: User) -> Desk:
    """Seat somebody at a conversation with one question and its answer."""
    made = desk_make(person)
    answered(made, temperature="0.70", user='"PARAMETERCANARY-of-a-person"')
    return made


def share(desk: Desk, client: Client | None = None, **fields: Any) -> SharedLink:
    """Make a link as the dialog does; everything is in it unless named otherwise (None leaves a part out)."""
    given = {name: value for name, value in (EVERYTHING | fields).items() if value is not None}
    client = client or client_of(desk.person)
    answer = client.post(f"/conversations/{desk.conversation.pk}/shares/", share_fields(**given))
    assert answer.status_code == 200, answer.content.decode()
    return link_in(answer.content.decode())


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return str(answer.content.decode())


def everything_readable(client: Client, link: SharedLink, exchanges: int = 1) -> str:
    """Return every page and file below a link."""
    paths = [link.path, f"{link.path}export/markdown/", f"{link.path}export/json/"]
    paths += [f"{link.path}exchanges/{n}/{tab}/" for n in range(exchanges) for tab in TABS]
    pages = "\n".join(text(client, path) for path in paths)
    return re.sub(r'csrf\w*": "\w+"', "", pages)
