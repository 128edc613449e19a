"""What is written and attached goes out as the API wants it, byte for byte."""

import base64
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from conversations import selectors
from conversations.models import Conversation, Exchange, Message
from conversations.parts import reference_to
from conversations.selectors.request_bytes import (
    AddressesWanted,
    AttachmentMissing,
    RequestTooLarge,
    bytes_filled,
)
from conversations.services import (
    MessageMissing,
    attachment_create,
    conversation_create,
    message_add,
    run_open,
)
from conversations.services.run import Turn
from conversations.written import Written
from playground.message_input import message_read, raw_read, raw_text
from team.selectors import endpoint_for
from tests.cast import provider_make
from tests.desk import Desk
from tests.pictures import document, picture, sound

pytestmark = pytest.mark.django_db

URL = "https://example.com/cat.png"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, settings: object) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"  # type: ignore[attr-defined]  # pytest-django's wrapper


def attach(desk: Desk, data: bytes, source_url: str = "") -> str:
    kept = attachment_create(conversation=desk.conversation, data=data, source_url=source_url)
    return reference_to(kept.digest)


def send(desk: Desk, written: Written, **turn: Any) -> dict[str, Any]:
    """Run with a message; return the body as it was prepared."""
    plain = desk.turn(written.text)
    fields = {
        name: getattr(plain, name) for name in ("provider", "endpoint", "model", "system", "parameters")
    }
    opened = run_open(
        person=desk.person,
        conversation_id=desk.conversation.pk,
        run_id=uuid4(),
        process="here/1",
        turns=[Turn(**{**fields, "text": written.text, "written": written, **turn})],
    )
    body: dict[str, Any] = json.loads(opened.exchanges[0].request.body)
    assert Exchange.objects.get(pk=opened.exchanges[0].id).body == opened.exchanges[0].request.body.decode()
    return body


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_every_kind_of_part_is_sent_in_the_order_in_which_it_was_written(desk: Desk) -> None:
    parts = [
        {"type": "image_url", "image_url": {"url": attach(desk, picture()), "detail": "low"}},
        None,
        {"type": "image_url", "image_url": {"url": URL}},
        {"type": "input_audio", "input_audio": {"data": attach(desk, sound()), "format": "wav"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": attach(desk, document())}},
    ]
    written = message_read({"message": "Look", "parts": json.dumps(parts), "name": "ada"})
    message = send(desk, written)["messages"][0]
    image = {"url": f"data:image/png;base64,{b64(picture())}", "detail": "low"}
    pdf = {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{b64(document())}"}
    assert message == {
        "role": "user",
        "name": "ada",
        "content": [
            {"type": "image_url", "image_url": image},
            {"type": "text", "text": "Look"},
            {"type": "image_url", "image_url": {"url": URL}},
            {"type": "input_audio", "input_audio": {"data": b64(sound()), "format": "wav"}},
            {"type": "file", "file": pdf},
        ],
    }
    assert [next(iter(part)) for part in message["content"]] == ["type"] * 5
    # The next request carries it again; what is kept names the bytes only.
    assert send(desk, Written.of_text("And?"))["messages"][0] == message
    assert all(b64(picture()) not in json.dumps(each.content) for each in Message.objects.all())


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": "Hi"},
        {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
        {"role": "user", "content": [{"type": "text", "text": "Hi", "cache_control": {"type": "x"}}]},
        {"role": "user", "content": []},
        {"role": "assistant", "content": None, "audio": {"id": "audio_1"}},
        {"role": "assistant", "content": "So", "prefix": True, "n": 12345678901234567890, "x": 1.0},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c", "content": "4"},
        {"role": "critic", "name": "n" * 300, "content": {"odd": [None, True, {"__proto__": 1}]}},
        {"role": "user", "content": ["just", "strings"]},
        {"role": "user", "content": [{"type": "text", "text": 5}, {"type": "video", "video": {"url": "u"}}]},
    ],
)
def test_a_message_typed_as_json_is_sent_and_given_back_as_it_was(
    desk: Desk, message: dict[str, Any]
) -> None:
    body = send(desk, raw_read(json.dumps(message)))
    assert body["messages"][-1] == message
    kept = Message.objects.get(role=message["role"], exchange=None)
    shaped = selectors.message_for_api(kept)
    assert shaped is not None
    assert json.loads(raw_text(shaped)) == message


def test_numbers_of_a_message_typed_as_json_keep_their_spelling(desk: Desk) -> None:
    members = (
        '"weight":1.00,"cache_control":{"ttl":[1e2,-0,0.10,12345678901234567890.123456789]},"odd":1E-400'
    )
    send(desk, raw_read(f'{{"role":"user","content":[{{"type":"text","text":"Hi","top":0.70}}],{members}}}'))

    first = Exchange.objects.get().body
    assert f'{{"type":"text","text":"Hi","top":0.70}}],{members}}}' in first
    kept = Message.objects.get(exchange=None)
    shaped = selectors.message_for_api(kept)
    assert shaped is not None
    assert '"weight": 1.00' in raw_text(shaped)
    send(desk, raw_read('{"role": "user", "content": "and now"}'))
    assert members in Exchange.objects.order_by("-id")[0].body, "read back from the database"


def test_every_role_can_be_written_and_the_request_may_end_with_an_assistant(desk: Desk) -> None:
    for role in ("system", "developer", "user"):
        message_add(
            person=desk.person,
            conversation_id=desk.conversation.pk,
            written=Written.of_text(f"As {role}", role),
        )
    body = send(desk, Written.of_text("It is", "assistant"))
    assert [(each["role"], each["content"]) for each in body["messages"]] == [
        ("system", "As system"),
        ("developer", "As developer"),
        ("user", "As user"),
        ("assistant", "It is"),
    ]
    assert Exchange.objects.count() == 1


def test_a_message_stands_beside_another_one_with_its_images(desk: Desk) -> None:
    image = {"type": "image_url", "image_url": {"url": attach(desk, picture())}}
    send(desk, Written(content=({"type": "text", "text": "One"}, image)))
    first = Message.objects.get(role="user")
    beside = Written(content=({"type": "text", "text": "Two"}, image))
    body = send(desk, beside, beside=first.pk)
    assert [part["type"] for part in body["messages"][-1]["content"]] == ["text", "image_url"]
    assert Message.objects.filter(role="user", parent=first.parent_id).count() == 2


def test_an_answer_of_a_model_is_no_question(desk: Desk) -> None:
    send(desk, Written.of_text("Hi"))
    answer = Message.objects.get(role="assistant")
    with pytest.raises(MessageMissing):
        send(desk, Written.of_text(""), again=answer.pk)


def test_a_model_that_takes_base64_only_gets_what_was_fetched(desk: Desk) -> None:
    vision = provider_make(None, actor=desk.person, key="k" * 20, api="siliconflow-vision", name="Vision")
    turn = {
        "provider": vision,
        "endpoint": endpoint_for(user=desk.person, provider=vision),
        "model": "TeleAI/TeleMM",
    }
    written = Written(content=({"type": "image_url", "image_url": {"url": URL, "detail": "high"}},))
    with pytest.raises(AddressesWanted) as wanted:
        send(desk, written, **turn)
    assert wanted.value.urls == (URL,)
    attach(desk, picture(), source_url=URL)
    (part,) = send(desk, written, **turn)["messages"][-1]["content"]
    assert part["image_url"] == {"url": f"data:image/png;base64,{b64(picture())}", "detail": "high"}
    # Others get the address.
    assert send(desk, written)["messages"][-1]["content"][0]["image_url"]["url"] == URL


def test_only_what_the_conversation_has_is_sent(desk: Desk) -> None:
    other = conversation_create(owner=desk.person, settings={})
    kept = attachment_create(conversation=other, data=picture())
    part = {"type": "image_url", "image_url": {"url": reference_to(kept.digest)}}
    with pytest.raises(AttachmentMissing):
        send(desk, Written(content=(part,)))
    assert not Message.objects.exists()


def test_the_attachments_of_a_request_have_a_bound(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    part = {"type": "image_url", "image_url": {"url": attach(desk, picture())}}
    monkeypatch.setattr("conversations.selectors.request_bytes.REQUEST_MAX", len(picture()) * 2)
    conversation = Conversation.objects.get(pk=desk.conversation.pk)
    bytes_filled(conversation=conversation, messages=[{"role": "user", "content": [part, part]}])
    with pytest.raises(RequestTooLarge):
        bytes_filled(conversation=conversation, messages=[{"role": "user", "content": [part, part, part]}])
