"""A column while its settings are written: kept whole however long, carried to another provider with words about it."""

import json
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from conversations import selectors
from conversations.models import Conversation
from conversations.services import conversation_create
from playground.forms import MESSAGE_MAX
from playground.provider_change import ProviderChange, provider_change
from team.models import User
from tests.cast import provider_make
from upstream import catalog


def change(
    parameters: dict[str, str], *, old: str = "openai-chat", new: str = "siliconflow-chat", **models: object
) -> ProviderChange:
    values = {"model": "m", "models": ("m",)} | models
    return provider_change(old=catalog.api(old), new=catalog.api(new), parameters=parameters, **values)  # type: ignore[arg-type]


# ---------------------------------------------------------------------------- another provider


def test_what_the_new_api_knows_and_what_nobody_knows_is_kept() -> None:
    changed = change({"temperature": "0.70", "reasoning_effort": '"low"', "my_flag": "1", "": "{oops"})

    assert changed.parameters == {"temperature": "0.70", "my_flag": "1", "": "{oops"}
    assert changed.dropped == ("reasoning_effort",)
    assert changed.sentences == ("Left out, because this API does not document it: reasoning_effort.",)


def test_an_extra_parameter_gets_the_row_that_the_new_api_has_for_it() -> None:
    changed = change({"": '{"top_k": 4.0e1, "own": 1}'}, old="openai-chat", new="llama-cpp")

    assert changed.parameters["top_k"] == "4.0e1"
    assert changed.parameters["own"] == "1"
    assert "" not in changed.parameters


def test_a_column_of_the_new_api_begins_with_its_initial_parameters() -> None:
    openai = catalog.api("openai-chat")
    assert openai.initial.keys() - catalog.api("siliconflow-chat").initial.keys()

    added = change({"stream": "false"}, old="siliconflow-chat", new="openai-chat")
    assert added.parameters == {"stream": "false", "stream_options": openai.initial["stream_options"]}

    switched_off = change({}, old="siliconflow-chat", new="openai-chat")
    assert "stream" not in switched_off.parameters, "it was there and was switched off by hand"
    assert change({}, old="openai-chat", new="openai-chat").parameters == {}


@pytest.mark.parametrize(
    ("model", "models", "last_model", "expected", "said"),
    [
        ("a", ("b", "a"), "", "a", False),
        ("typed", ("b", "a"), "", "b", True),
        ("typed", (), "", "typed", False),
        ("typed", ("b",), "mine", "mine", True),
        ("mine", ("b",), "mine", "mine", False),
        ("", ("b",), "", "b", False),
    ],
)
def test_the_model_is_one_the_new_provider_has(
    model: str, models: tuple[str, ...], last_model: str, expected: str, said: bool
) -> None:
    changed = change({}, model=model, models=models, last_model=last_model)

    assert changed.model == expected
    assert [sentence.startswith(f"Model: {expected} instead of") for sentence in changed.sentences] == [
        True
    ] * said


# ---------------------------------------------------------------------------- through the pages


@pytest.fixture
def conversation(alice: User) -> Conversation:
    provider = provider_make(alice, name="First", api="siliconflow-chat")
    settings = {"provider": str(provider.pk), "model": "Qwen/QwQ-32B", "system": "", "parameters": {}}
    return conversation_create(owner=alice, settings=settings)


def test_another_provider_brings_rows_models_and_words_however_long_the_settings(
    alice: User, alice_client: Client, conversation: Conversation
) -> None:
    second = provider_make(alice, name="Second", api="openai-chat", base_url="https://b.example/v1")
    fields = {
        "provider": str(second.pk),
        "model": "Qwen/QwQ-32B",
        "system": "长" * 100_000,
        "parameters": json.dumps({"top_k": "40", "temperature": "0.70"}),
    }
    answer = alice_client.post(reverse("parameters", args=[conversation.pk]), fields)

    html = answer.content.decode()
    assert answer.status_code == 200
    assert 'data-param="reasoning_effort"' in html
    assert "does not document it: top_k." in html
    assert alice_client.get(reverse("parameters", args=[conversation.pk])).status_code == 405


@pytest.mark.parametrize("content_type", ["multipart", "urlencoded"])
@pytest.mark.parametrize("character", ["x", "长", "🙂"])
def test_every_text_within_the_limit_can_be_kept(
    alice_client: Client, conversation: Conversation, character: str, content_type: str
) -> None:
    text = character * MESSAGE_MAX
    url = reverse("column-settings", args=[conversation.pk])
    if content_type == "multipart":
        answer = alice_client.post(url, {"system": text})
    else:
        answer = alice_client.post(
            url, urlencode({"system": text}), content_type="application/x-www-form-urlencoded"
        )

    assert answer.status_code == 204
    assert selectors.column_of(conversation=conversation).settings["system"] == text


def test_message_and_system_prompt_may_both_be_as_long_as_the_limit(
    alice_client: Client, conversation: Conversation
) -> None:
    fields = {"message": "🙂" * MESSAGE_MAX, "system": "🙂" * MESSAGE_MAX, "model": "m"}
    answer = alice_client.post(reverse("request-preview", args=[conversation.pk]), fields)

    assert answer.status_code == 200
    assert "8,000," in answer.content.decode() or "8.0 MB" in answer.content.decode()


def test_what_is_too_long_for_any_form_gets_a_413(alice_client: Client, conversation: Conversation) -> None:
    answer = alice_client.post(
        reverse("request-preview", args=[conversation.pk]), {"message": "x" * (17 * 1024 * 1024)}
    )

    assert answer.status_code == 413


def test_a_stranger_gets_nothing(charlie_client: Client, conversation: Conversation) -> None:
    for name in ("parameters", "request-preview", "column-settings"):
        assert charlie_client.post(reverse(name, args=[conversation.pk]), {}).status_code == 404
