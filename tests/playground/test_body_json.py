"""JSON → form → JSON: a body that is edited as text loses nothing on its way through the form, not a digit."""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import assume, given
from hypothesis import strategies as st

from conversations.services import Below, conversation_create, message_add
from conversations.written import Written
from playground.body_json import MESSAGES_MAX, BodyReading, InvalidBody, body_read, body_text
from playground.forms import RunForm
from playground.parameter_extra import EXTRA, extra_text
from team.models import Provider, User
from tests.cast import provider_make
from upstream import catalog
from upstream.catalog import Api, json_text
from upstream.wire.request import Draft, Endpoint, request_build

MESSAGES = ({"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"})
PROVIDERS = {api: Provider(name=api, api=api) for api in catalog.API_IDS}

# JSON as people and programs write it: numbers of any spelling, escapes of any kind, spaces anywhere.
NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
STRINGS = st.builds(lambda text, ascii_only: json.dumps(text, ensure_ascii=ascii_only), TEXTS, st.booleans())
SPACES = st.sampled_from(["", "", " ", "\n  ", "\t"])


def lists(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(lambda each, gap: "[" + f",{gap}".join(each) + "]", st.lists(items, max_size=4), SPACES)


def objects(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    members = st.lists(
        st.builds(lambda name, gap, value: f"{name}:{gap}{value}", STRINGS, SPACES, items), max_size=4
    )
    return st.builds(lambda each, gap: "{" + f",{gap}".join(each) + gap + "}", members, SPACES)


SOURCES = st.recursive(
    NUMBERS | STRINGS | st.sampled_from(["null", "true", "false"]),
    lambda items: lists(items) | objects(items),
    max_leaves=8,
)
NAMES = st.sampled_from(
    sorted(
        {each.name for api in catalog.apis().values() for each in api.parameters}
        | {"model", "own", "__proto__", "7"}
    )
) | TEXTS.filter(lambda name: name not in ("", "messages") and "\x00" not in name)
BODIES = st.dictionaries(NAMES, SOURCES, max_size=8)


def read(
    text: str, parameters: Mapping[str, str] | None = None, *, api: str = "openai-chat", model: str = "m"
) -> BodyReading:
    return body_read(
        api=catalog.api(api), text=text, model=model, messages=MESSAGES, parameters=parameters or {}
    )


def shown(parameters: Mapping[str, str], *, api: str = "openai-chat", model: str = "m", **more: Any) -> str:
    messages = more.get("messages", MESSAGES)
    return body_text(api=catalog.api(api), model=model, messages=messages, parameters=parameters).text


def form_posts(api: Api, reading: BodyReading) -> dict[str, str]:
    """Return what the page posts once its form follows a reading: rows in order, what has none as the text of Extra."""
    rows = {name: source for name, source in reading.parameters.items() if api.parameter(name)}
    extra = extra_text(api, reading.parameters)
    return {
        "provider": str(PROVIDERS[api.id].pk),
        "message": "Why?",
        "model": reading.model,
        "parameters": json.dumps(rows | ({EXTRA: extra} if extra else {})),
    }


def sent(api: Api, fields: Mapping[str, str]) -> dict[str, str]:
    """Return the members of the body that these fields lead to, as name → source text."""
    form = RunForm(fields, providers=PROVIDERS.values())
    assert form.is_valid(), form.errors
    wanted = form.run_input()
    endpoint = Endpoint("https://provider.example/v1", auth="none")
    draft = Draft(endpoint, api.path, wanted.model, MESSAGES, wanted.parameters)
    return dict(json_text.members(request_build(draft).body.decode()))


def squeezed(source: str) -> str:
    """Return JSON text without the spaces between its tokens."""
    return re.sub(r'("(?:[^"\\]|\\.)*")|\s+', lambda match: match[1] or "", source)


@given(members=BODIES, api=st.sampled_from(catalog.API_IDS))
def test_a_body_goes_through_the_form_without_loss(members: dict[str, str], api: str) -> None:
    assume(members.get("model") != '""')  # a run needs a model
    text = "{" + ", ".join(f"{json.dumps(name)}: {source}" for name, source in members.items()) + "}"

    posts = form_posts(catalog.api(api), read(text, api=api))

    body = sent(catalog.api(api), posts)
    messages = body.pop("messages")
    assert json.loads(messages) == list(MESSAGES)
    if "model" not in members:
        assert body.pop("model") == '"m"'
    assert {name: squeezed(source) for name, source in body.items()} == {
        name: squeezed(source) for name, source in members.items()
    }


@given(parameters=BODIES, api=st.sampled_from(catalog.API_IDS), model=TEXTS)
def test_what_is_not_edited_keeps_its_bytes(parameters: dict[str, str], api: str, model: str) -> None:
    text = shown(parameters, api=api, model=model)
    reading = read(text, parameters, api=api, model=model)

    others = {name: source for name, source in parameters.items() if name != "model"}
    assert {name: source for name, source in reading.parameters.items() if name != "model"} == others
    assert squeezed(text) == squeezed(shown(reading.parameters, api=api, model=reading.model))


def test_the_text_is_the_body_laid_out_with_its_literals() -> None:
    parameters = {"temperature": "0.70", "seed": "12345678901234567890", "stop": '["\\u0041", "\\n"]'}

    assert shown(parameters, model="gpt-5-mini", messages=()) == (
        '{\n  "model": "gpt-5-mini",\n  "messages": [],\n  "temperature": 0.70,\n'
        '  "seed": 12345678901234567890,\n  "stop": ["\\u0041", "\\n"]\n}'
    )


def test_an_edited_member_is_taken_as_typed_without_the_indent_of_the_page() -> None:
    before = {"response_format": '{"type":"json_object"}', "temperature": "0.70"}
    text = '{\n  "model": "m",\n  "temperature": 0.7000,\n  "response_format": {\n    "type": "text"\n  }\n}'

    assert read(text, before).parameters == {
        "temperature": "0.7000",
        "response_format": '{\n  "type": "text"\n}',
    }


@pytest.mark.parametrize("model", [" spaced ", "x" * 301, "line\nbreak", 5, None, {"a": 1}])
def test_a_model_that_its_field_cannot_hold_takes_its_place_from_extra(model: Any) -> None:
    source = json.dumps(model)
    reading = read(f'{{"model": {source}}}')

    assert (reading.model, reading.parameters) == ("m", {"model": source})
    assert read('{"model": "other"}').model == "other"
    assert read('{"model": "\\u006d"}').parameters == {"model": '"\\u006d"'}


def test_messages_belong_to_the_conversation() -> None:
    unedited = read(shown({}))
    assert (unedited.parameters, unedited.notes) == ({}, ())

    edited = read('{"model": "m", "messages": [{"role": "user", "content": "Other"}]}')
    assert edited.parameters == {}
    assert [each.name for each in edited.notes] == ["messages"]

    overridden = read('{"messages": [1]}', {"messages": "[0]"})
    assert overridden.parameters == {"messages": "[1]"}


def test_more_messages_than_the_editor_should_hold_are_left_out() -> None:
    many = ({"role": "user", "content": "x" * MESSAGES_MAX},)
    text = shown({}, messages=many)

    assert '"messages": []' in text
    reading = body_read(api=catalog.api("generic"), text=text, model="m", messages=many, parameters={})
    assert reading.notes == ()


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('{\n  "a": 1,\n  "b": oops\n}', 3, 8),
        ("", 0, 0),
        ("[]", 1, 0),
        ('{"a": NaN}', 0, 0),
        ('{"": 1}', 0, 0),
        ('{\n"长": \n', 3, 1),
        ("[" * 100_000, 0, 0),
        ("x" * 1_100_000, 0, 0),
    ],
)
def test_what_is_no_body_is_said_with_its_place(text: str, line: int, column: int) -> None:
    with pytest.raises(InvalidBody) as refused:
        read(text)
    assert (refused.value.line, refused.value.column) == (line, column)
    assert str(refused.value)


@given(text=st.text())
def test_no_text_breaks_it(text: str) -> None:
    with suppress(InvalidBody):
        read(text)


def test_a_form_that_cannot_be_sent_is_not_overwritten() -> None:
    for parameters in ({"top_logprobs": "twenty"}, {EXTRA: "{oops"}):
        with pytest.raises(InvalidBody, match="Correct it in the form first"):
            shown(parameters)
        with pytest.raises(InvalidBody, match="Correct it in the form first"):
            read('{"model": "m"}', parameters)


def test_the_catalog_judges_what_is_edited() -> None:
    reading = read(shown({"temperature": "3"})[:-2] + ', "own": 1, "own": 2}')

    assert [(each.name, each.level) for each in reading.notes] == [
        ("own", "warn"),
        ("temperature", "warn"),
        ("own", "warn"),
    ]
    assert reading.parameters["own"] == "2"
    assert reading.notes[1].notes[0].fix == "2"


# ---------------------------------------------------------------------------- through the pages


def test_a_body_is_shown_and_read_for_who_may_see_the_conversation(
    alice: User, alice_client: Client, charlie_client: Client
) -> None:
    provider = provider_make(alice, api="openai-chat")
    conversation = conversation_create(owner=alice, settings={})
    fields = {
        "provider": str(provider.pk),
        "model": "gpt-5-mini",
        "message": "Hi",
        "parameters": json.dumps({"temperature": "0.70"}),
    }
    body = alice_client.post(reverse("body", args=[conversation.pk]), fields).json()
    assert (body["error"], body["api"], body["summary"]) == (None, "openai-chat", "1 message")
    assert '"temperature": 0.70' in body["text"]

    edited = body["text"].replace("0.70", "[0.700]").replace("\n", "\r\n")
    url = reverse("body-reading", args=[conversation.pk])
    reading = alice_client.post(url, fields | {"body": edited}).json()
    assert reading["parameters"] == [["temperature", "[0.700]"]]
    assert reading["controls"] == {"temperature": "json"}
    assert [note["name"] for note in reading["notes"]] == ["temperature"]

    broken = alice_client.post(url, fields | {"body": "{\n oops"}).json()
    assert (broken["error"]["line"], broken["error"]["column"]) == (2, 2)

    for name in ("body", "body-reading"):
        assert charlie_client.post(reverse(name, args=[conversation.pk]), fields).status_code == 404
    assert Client().post(url, fields).status_code == 401


def test_what_the_page_shows_as_its_branch_is_what_would_be_sent(alice: User, alice_client: Client) -> None:
    """Somebody else's message may have moved the column's end meanwhile: a run goes below what the page names, too."""
    conversation = conversation_create(owner=alice, settings={})
    said = [
        message_add(
            person=alice,
            conversation_id=conversation.pk,
            written=Written.of_text(text),
            column_id=None,
            below=at,
        )
        for text, at in (("shown here", Below(None)), ("written elsewhere", Below(None)))
    ]
    fields = {"message": "and now", "below": str(said[0].pk)}

    body = alice_client.post(reverse("body", args=[conversation.pk]), fields).json()["text"]
    preview = alice_client.post(reverse("request-preview", args=[conversation.pk]), fields).content.decode()
    for shown in (body, preview):
        assert "shown here" in shown
        assert "written elsewhere" not in shown

    url = reverse("body", args=[conversation.pk])
    at_the_root = alice_client.post(url, fields | {"below": ""}).json()["text"]
    assert "shown here" not in at_the_root
    assert "written elsewhere" not in at_the_root
    somewhere_else = alice_client.post(url, fields | {"below": str(uuid4())}).json()["text"]
    assert "written elsewhere" in somewhere_else, (
        "the column's own end stands in; the run itself would be refused"
    )


def test_the_editor_is_offered_what_the_catalog_knows(alice_client: Client) -> None:
    members = {each["path"]: each for each in alice_client.get("/body/openai-chat/").json()["members"]}

    assert members["reasoning_effort"]["choices"]
    assert "response_format.json_schema.strict" in members
    assert members["temperature"]["help"]
    assert alice_client.get("/body/nothing/").status_code == 404
