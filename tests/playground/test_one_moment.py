"""Whatever is read while an answer ends, or while somebody sends, fits together: at every query it may come between."""

import json
import re
from collections.abc import Callable
from uuid import UUID

import pytest
from django.test import Client

from conversations.models import Exchange
from conversations.services import (
    Ending,
    Progress,
    ResponseHead,
    conversation_create,
    recordings_write,
)
from conversations.services.exporting import conversation_record
from conversations.services.share import ShareSettings, share_preview
from conversations.sharing import EVERYTHING
from team.models import User
from tests.cast import client_of
from tests.desk import Desk, response
from tests.meanwhile import each_moment

pytestmark = pytest.mark.django_db(transaction=True)
HEAD = ResponseHead(200, "OK", "HTTP/1.1", (("Content-Type", "text/event-stream"),), (), {})
TEXT = "the whole answer"
RAW = f'data: {{"choices":[{{"index":0,"delta":{{"content":"{TEXT}"}}}}]}}\n\n'.encode()
ANSWER = re.compile(r'<article[^>]*data-role="assistant"[^>]*data-state="(\w+)".*?</article>', re.DOTALL)


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


def asked(desk: Desk) -> UUID:
    """Ask in a conversation of its own; return the exchange."""
    desk.conversation = conversation_create(owner=desk.person, settings={})
    return desk.open("Hello").exchanges[0].id


def end(exchange: UUID) -> None:
    recordings_write(
        progress=[Progress(exchange, 0, ((RAW, 1.0),), HEAD)],
        endings=[Ending(exchange, Exchange.State.COMPLETED, response(TEXT), None, {"ended": 5.0})],
    )


def ending(desk: Desk) -> Callable[[], None]:
    """Ask; return what ends the answer."""
    exchange = asked(desk)
    return lambda: end(exchange)


@pytest.mark.parametrize("address", ["", "news/"])
def test_a_page_shows_an_end_with_its_text(desk: Desk, client: Client, address: str) -> None:
    states = []

    def look() -> None:
        path = f"/conversations/{desk.conversation.pk}/{address}"
        page = (client.post(path, {"shown": ""}) if address else client.get(path)).content.decode()
        (answer,) = ANSWER.finditer(page)
        states.append((answer[1], TEXT in answer[0]))

    assert each_moment(lambda: ending(desk), look) > 5
    assert set(states) == {("completed", True), ("queued", False)}


def test_an_export_holds_an_end_with_its_text(desk: Desk) -> None:
    states = []

    def look() -> None:
        record = conversation_record(conversation=desk.conversation, person=desk.person)
        (exchange,), (_, answer) = record.exchanges, record.messages
        whole = [TEXT in str(answer.content), TEXT in exchange.response, TEXT in exchange.raw.decode()]
        states.append((exchange.state, *whole))

    assert each_moment(lambda: ending(desk), look) > 3
    assert set(states) == {("completed", True, True, True), ("interrupted", False, False, False)}


def test_an_exported_exchange_has_an_end_with_its_text(desk: Desk, client: Client) -> None:
    states = []

    def look() -> None:
        pk = Exchange.objects.get(run__conversation=desk.conversation).pk
        exported = json.loads(client.get(f"/exchanges/{pk}/export/json/").content)
        (conversation,) = exported["conversations"]
        (exchange,), (_, answer) = conversation["exchanges"], conversation["messages"]
        states.append((exchange["state"], TEXT in str(answer), TEXT in str(exchange["response"])))

    assert each_moment(lambda: ending(desk), look) > 3
    assert set(states) == {("completed", True, True), ("interrupted", False, False)}


def test_an_export_leads_each_column_to_a_message_that_it_holds(desk: Desk) -> None:
    def sending() -> Callable[[], object]:
        end(asked(desk))
        return lambda: desk.open("And then?")

    def look() -> None:
        record = conversation_record(conversation=desk.conversation, person=desk.person)
        (column,) = record.columns
        assert [message.role for message in record.branch(column.leaf)][-2:] == ["user", "assistant"]
        assert None not in [exchange.parent for exchange in record.exchanges]

    assert each_moment(sending, look) > 3


def test_a_share_shows_an_end_with_its_text(desk: Desk) -> None:
    states = []

    def look() -> None:
        settings = ShareSettings(title="", included=EVERYTHING)
        snapshot = share_preview(conversation=desk.conversation, settings=settings)
        states.append(([each["state"] for each in snapshot.exchanges], TEXT in str(snapshot.document)))

    assert each_moment(lambda: ending(desk), look) > 2
    assert all(found in ((["completed"], True), ([], False)) for found in states)
