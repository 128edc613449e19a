"""Several columns on the page: made, ordered, swept, chosen, and led by one answer, through the views."""

import json
import re
from collections.abc import Mapping
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from conversations import selectors
from conversations.models import Column, Exchange, Message
from conversations.services import Ending, Turn, column_add, recordings_write, run_open
from team.models import Provider, User
from team.selectors import endpoint_for
from tests.cast import provider_make
from tests.desk import Desk, desk_make, response


@pytest.fixture
def desk(alice: User) -> Desk:
    made = desk_make(alice, api="openai-chat")
    column = selectors.column_of(conversation=made.conversation)
    column.settings = settings_of(made.provider, "model-a", temperature="0.2")
    column.save()
    return made


def settings_of(provider: Provider, model: str, **parameters: str) -> dict[str, object]:
    return {"provider": str(provider.pk), "model": model, "system": "", "parameters": parameters}


def columns(desk: Desk) -> list[Column]:
    return selectors.column_list(conversation=desk.conversation)


def page(desk: Desk, client: Client, query: str = "") -> str:
    answer = client.get(reverse("conversation", args=[desk.conversation.pk]) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def post(desk: Desk, client: Client, name: str, *more: int, **fields: object) -> HttpResponse:
    return client.post(reverse(name, args=[desk.conversation.pk, *more]), fields)  # type: ignore[return-value]  # a test's


def run(desk: Desk, *asked: Column, text: str = "Hello", **parameters: str) -> list[Message]:
    """Run these columns; return their answers, ended."""
    turns = [
        Turn(
            text=text,
            provider=desk.provider,
            endpoint=endpoint_for(user=desk.person, provider=desk.provider),
            model=column.settings["model"],
            system="",
            parameters=parameters,
            column=column.pk,
        )
        for column in asked
    ]
    opened = run_open(
        person=desk.person, conversation_id=desk.conversation.pk, run_id=uuid4(), process="p", turns=turns
    )
    for exchange in opened.exchanges:
        ending = Ending(exchange.id, Exchange.State.COMPLETED, response("Said"), None)
        recordings_write(progress=(), endings=(ending,))
    return [selectors.choices_of(exchange=Exchange.objects.get(pk=each.id))[0] for each in opened.exchanges]


def articles(html: str) -> list[str]:
    return re.findall(r'<article class="msg"\s+id="message-([^"]+)"', html)


def test_one_column_shows_no_trace_of_columns(desk: Desk, alice_client: Client) -> None:
    html = page(desk, alice_client)
    assert "data-compare" not in html
    assert 'name="column"' not in html.partition('id="run-form"')[2]
    assert ">Send<" in html


def test_compare_makes_a_second_column_that_is_a_copy_and_chooses_it(
    desk: Desk, alice_client: Client
) -> None:
    answer = post(desk, alice_client, "column-add")
    first, second = columns(desk)
    assert second.settings == first.settings
    assert answer.headers["Location"].endswith(f"?column={second.pk}")
    html = page(desk, alice_client, f"?column={second.pk}")
    assert "Run all" in html
    assert f'name="column" value="{second.pk}"' in html
    assert html.count("data-transcript") == 2
