"""An error that names a parameter is about that one: by its `param`, or in the words people and servers use."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from conversations.models import Exchange
from playground.objection import Objection, objection_of
from team.models import User
from tests.desk import desk_make
from upstream import catalog

BODY = json.dumps(
    {
        "model": "m",
        "messages": [],
        "stream": True,
        "n": 2,
        "stop": ["a"],
        "user": "me",
        "max_tokens": 5,
        "response_format": {"type": "json_schema"},
        "temperature": 3,
        "own_flag": 1,
    }
)


def found(message: str = "No.", *, param: str | None = None, status: int = 400, body: str = BODY) -> Any:
    error = {"message": message, "param": param, "status": status}
    return objection_of(api=catalog.api("openai-chat"), error=error, body=body)


@pytest.mark.parametrize(
    ("param", "name"),
    [
        ("temperature", "temperature"),
        ("response_format.json_schema.name", "response_format"),
        ("stop[0]", "stop"),
        ("body.max_tokens", "max_tokens"),
        ("$.temperature", "temperature"),
        ("#/stop/0", "stop"),
        ("`n`", "n"),
        ("own_flag", "own_flag"),
    ],
)
def test_the_param_of_the_error_names_it(param: str, name: str) -> None:
    assert found(param=param).parameter == name


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("Unsupported parameter: 'max_tokens' is not supported with this model.", "max_tokens"),
        ("Unsupported value: 'temperature' does not support 0.7 with this model.", "temperature"),
        ("n must be 1", "n"),
        ("The parameter `stop` is limited to 4 entries", "stop"),
        ("temperature: Input should be less than or equal to 2", "temperature"),
        ("Unrecognized request argument supplied: own_flag", "own_flag"),
        ("max_tokens is too large: use a value of n below 5", "max_tokens"),
        ("Invalid value for 'response_format': must be text", "response_format"),
        ("Extra inputs are not permitted: own_flag", "own_flag"),
    ],
)
def test_the_words_of_the_error_name_it(message: str, name: str) -> None:
    assert found(message).parameter == name


@pytest.mark.parametrize(
    "message",
    [
        "Stop it, user!",
        "The stream ended: the user is over the limit of a team, in n days",
        "messages: at least one message is needed",
        "max_tokens_per_day reached",
        "No temperatures here",
        "",
        "top_p must be below 1",  # not sent
    ],
)
def test_other_words_name_nothing(message: str) -> None:
    assert found(message) is None


def test_only_a_refused_request_is_about_a_parameter() -> None:
    assert found("temperature must be 1", status=500) is None
    assert objection_of(api=catalog.api("generic"), error=None, body=BODY) is None
    assert found("temperature must be 1", body="no JSON") is None


def test_the_documented_limit_is_offered_where_there_is_one() -> None:
    assert found(param="temperature") == Objection("temperature", "3", "2")
    assert found(param="n").limit == ""
    assert found(param="own_flag").limit == ""


@given(message=st.text(), param=st.text() | st.none())
def test_no_error_breaks_it(message: str, param: str | None) -> None:
    found(message, param=param)


def test_the_offers_of_an_exchange_are_for_who_may_see_it(
    alice: User, alice_client: Client, charlie_client: Client
) -> None:
    desk = desk_make(alice, api="openai-chat")
    desk.open("Hi", temperature="3")
    exchange = Exchange.objects.get()
    exchange.error = {"kind": "invalid_request", "message": "No.", "param": "temperature", "status": 400}
    exchange.save()
    url = reverse("objection", args=[exchange.pk])

    html = alice_client.get(url).content.decode()
    assert "Run again without temperature" in html
    assert "Run again with the documented 2" in html
    assert charlie_client.get(url).status_code == 404
