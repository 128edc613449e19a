"""The inspector's tabs and what they fetch, through their addresses."""

import base64
import html
import io
import json
import re
import time
from uuid import UUID

import pytest
from django.test import Client
from PIL import Image

from tests.cast import client_of
from tests.desk import KEY, Desk, desk_make
from tests.playground.exchanges import chunk, exchange_kept
from team.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(alice: User) -> Desk:
    return desk_make(alice)


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


def got(client: Client, path: str, *, status: int = 200) -> str:
    """Return the text of an answer: without tags, with single spaces."""
    answer = client.get(path)
    assert answer.status_code == status, path
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


STREAM = [
    (b": OPENROUTER PROCESSING\n\n", 40.0),
    (chunk("Hel") + chunk("lo"), 50.0),
    (chunk(" w\u00f6rld"), 950.0),
    (chunk(finish_reason="stop"), 960.0),
    (b"data: [DONE]\n\n", 961.0),
]


def test_events_have_their_times_kinds_and_stalls(desk: Desk, client: Client) -> None:
    pk = exchange_kept(desk, STREAM)
    text = got(client, f"/exchanges/{pk}/events/")
    assert "All 6" in text
    assert "content 3" in text
    assert "comment 1" in text
    assert re.search(r"4 950\.0 Stall 900\.0 content \d+ wörld", text)
    only = client.get(f"/exchanges/{pk}/events/?kind=content&q=W%C3%96R").content.decode()
    assert re.findall(r'data-event="(\d+)"', only) == ["4"]
