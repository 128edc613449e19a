"""Attachments over HTTP: what is taken, what is refused and how, who gets it and with which headers (rows 4, 5, 9)."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from conversations.models import Attachment, AttachmentUse, Conversation, Message
from conversations.services import attachment_create, conversation_create
from team.models import User
from tests.pictures import bomb, document, picture, sound

pytestmark = pytest.mark.django_db

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
HTML = b"<!doctype html><script>alert(1)</script>"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, settings: object) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"  # type: ignore[attr-defined]  # pytest-django's wrapper


@pytest.fixture
def conversation(alice: User) -> Conversation:
    return conversation_create(owner=alice, settings={})


def upload(client: Client, conversation: Conversation, data: bytes, name: str = "cat.png") -> object:
    file = SimpleUploadedFile(name, data, "image/png")
    return client.post(f"/conversations/{conversation.pk}/attachments/", {"file": file})


def test_an_upload_is_known_by_its_content_whatever_it_is_called(
    alice_client: Client, conversation: Conversation
) -> None:
    response = upload(alice_client, conversation, picture("JPEG"), "../../evil.html")
    assert response.status_code == 200  # type: ignore[attr-defined]  # a response
    kept = response.json()  # type: ignore[attr-defined]  # a response
    assert (kept["mime"], kept["width"], kept["height"]) == ("image/jpeg", 8, 6)
    assert AttachmentUse.objects.get().name == "evil.html"
    assert "/" not in Attachment.objects.get().stored.partition("/")[2]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (SVG, 415),
        (HTML, 415),
        (b"GIF89a" + HTML, 400),
        (picture("PNG", size=(200, 200))[:120], 400),
        (bomb(), 413),
        (bytes(21 * 1024 * 1024), 413),
    ],
)
def test_what_is_no_image_sound_or_document_is_refused_in_a_sentence(
    alice_client: Client, conversation: Conversation, data: bytes, status: int
) -> None:
    response = upload(alice_client, conversation, data)
    assert response.status_code == status  # type: ignore[attr-defined]  # a response
    assert "Traceback" not in response.content.decode()  # type: ignore[attr-defined]  # a response
    assert response.content.decode().count("</p>") == 1  # type: ignore[attr-defined]  # a response
    assert not Attachment.objects.exists()


def test_the_original_bytes_come_back_harmless(alice_client: Client, conversation: Conversation) -> None:
    data = picture()
    kept = attachment_create(conversation=conversation, data=data)
    response = alice_client.get(f"/attachments/{kept.digest}/", headers={"Accept-Encoding": "gzip"})
    assert response.content == data
    assert response["Content-Type"] == "image/png"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["Cache-Control"] == "private, no-cache"
    assert response["Content-Disposition"].startswith("inline")
    assert "Content-Encoding" not in response
    again = alice_client.get(f"/attachments/{kept.digest}/", headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    thumbnail = alice_client.get(f"/attachments/{kept.digest}/thumbnail/")
    assert (thumbnail["Content-Type"], thumbnail.content[8:12]) == ("image/webp", b"WEBP")


@pytest.mark.parametrize("data", [document(), sound()])
def test_what_is_no_image_is_saved_not_shown(
    alice_client: Client, conversation: Conversation, data: bytes
) -> None:
    kept = attachment_create(conversation=conversation, data=data)
    response = alice_client.get(f"/attachments/{kept.digest}/")
    assert response["Content-Disposition"].startswith("attachment")
    assert alice_client.get(f"/attachments/{kept.digest}/thumbnail/").status_code == 404


@pytest.mark.parametrize(
    ("asked", "status", "expected"),
    [
        ("bytes=0-3", 206, slice(0, 4)),
        ("bytes=10-", 206, slice(10, None)),
        ("bytes=-4", 206, slice(-4, None)),
        ("bytes=0-", 200, slice(None)),
        ("lines=1-2", 200, slice(None)),
        ("bytes=99999999-", 416, slice(0, 0)),
        ("bytes=5-2", 416, slice(0, 0)),
    ],
)
def test_a_player_may_ask_for_a_range(
    alice_client: Client, conversation: Conversation, asked: str, status: int, expected: slice
) -> None:
    data = sound()
    kept = attachment_create(conversation=conversation, data=data)
    response = alice_client.get(f"/attachments/{kept.digest}/", headers={"Range": asked})
    assert (response.status_code, response.content) == (status, data[expected])


def test_only_who_may_see_a_conversation_gets_its_attachments(
    conversation: Conversation, bob_client: Client, client: Client, bob: User
) -> None:
    kept = attachment_create(conversation=conversation, data=picture())
    path = f"/attachments/{kept.digest}/"
    assert [bob_client.get(path + tail).status_code for tail in ("", "thumbnail/")] == [404, 404]
    assert client.get(path).status_code == 302
    assert upload(bob_client, conversation, picture()).status_code == 404  # type: ignore[attr-defined]  # a response
    conversation.visibility = Conversation.Visibility.TEAM
    conversation.save()
    assert bob_client.get(path).status_code == 200
    assert upload(bob_client, conversation, picture()).status_code == 403  # type: ignore[attr-defined]  # a response


def add(client: Client, conversation: Conversation, **fields: object) -> tuple[int, str]:
    response = client.post(f"/conversations/{conversation.pk}/messages/", fields)
    return response.status_code, response.content.decode()


def image(digest: str) -> str:
    return json.dumps([None, {"type": "image_url", "image_url": {"url": f"attachment:{digest}"}}])


def test_a_message_cannot_take_somebody_elses_attachment(
    alice: User, bob: User, bob_client: Client, conversation: Conversation
) -> None:
    kept = attachment_create(conversation=conversation, data=picture())
    own = conversation_create(owner=bob, settings={})
    status, said = add(bob_client, own, message="Look", parts=image(kept.digest))
    assert (status, "is not there any more" in said) == (422, True)
    assert bob_client.get(f"/attachments/{kept.digest}/").status_code == 404
    # Once it is Bob's too, he has it.
    attachment_create(conversation=own, data=picture())
    assert add(bob_client, own, message="Look", parts=image(kept.digest))[0] == 200


def test_a_message_is_added_shown_and_given_back_as_json(
    alice_client: Client, conversation: Conversation
) -> None:
    kept = attachment_create(conversation=conversation, data=picture())
    status, html = add(alice_client, conversation, message="Look", parts=image(kept.digest), name="ada")
    assert status == 200
    assert f'src="/attachments/{kept.digest}/thumbnail/"' in html
    message = Message.objects.get()
    assert (message.role, message.name, message.text) == ("user", "ada", "Look")
    raw = alice_client.get(f"/conversations/{conversation.pk}/messages/{message.pk}/raw/").json()["text"]
    assert json.loads(raw)["content"][1]["image_url"] == {"url": f"attachment:{kept.digest}"}
    status, _html = add(alice_client, conversation, raw=raw, beside=message.pk)
    assert status == 200
    first, second = Message.objects.order_by("id")
    assert (first.content, first.parent_id) == (second.content, second.parent_id)


def test_another_message_is_not_given_under_ones_own_conversation(
    bob: User, bob_client: Client, alice_client: Client, conversation: Conversation
) -> None:
    add(alice_client, conversation, message="Mine")
    own = conversation_create(owner=bob, settings={})
    message = Message.objects.get()
    assert bob_client.get(f"/conversations/{own.pk}/messages/{message.pk}/raw/").status_code == 404
    assert add(bob_client, own, message="x", beside=message.pk)[0] == 409
    assert add(bob_client, own, message="x", below=message.pk)[0] == 409
    assert add(bob_client, own, message="x", column=conversation.columns.get().pk)[0] == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"message": "  "},
        {"message": "x", "role": "somebody else"},
        {"message": "x", "name": "n" * 201},
        {"message": "x", "parts": "{"},
        {"message": "x", "parts": "[" * 5000},
        {"message": "x", "parts": '[{"type": "audio", "audio": {"data": "x"}}]'},
        {"message": "x", "parts": '[{"type": "image_url", "image_url": {"url": "javascript:alert(1)"}}]'},
        {"message": "x", "parts": '[{"type": "image_url", "image_url": {"url": "attachment:short"}}]'},
        {"message": "x", "parts": "[null, null]"},
        {"message": "x", "parts": '[null, {"type": []}]'},
        {"raw": "[]"},
        {"raw": '{"content": "no role"}'},
        {"raw": '{"role": "user", "content": NaN}'},
        {"raw": '{"role": "user", "content": ' + "[" * 100 + "]" * 100 + "}"},
        {"raw": '{"role": "user", "content": "' + "x" * 1_100_000 + '"}'},
        {"raw": '{"role": "user", "seed": ' + "9" * 5000 + "}"},
        {"raw": '{"role": "user", "content": "x", "weight": [-1e999]}'},
    ],
)
def test_what_is_no_message_is_refused(
    alice_client: Client, conversation: Conversation, fields: dict[str, str]
) -> None:
    status, said = add(alice_client, conversation, **fields)
    assert status == 422
    assert "labelled__error" in said or "<p" in said
    assert not Message.objects.exists()


def test_an_id_of_another_kind_is_nothing(alice_client: Client, conversation: Conversation) -> None:
    for digest in ("..", "a" * 64, "A" * 64, "x"):
        assert alice_client.get(f"/attachments/{digest}/").status_code == 404
    assert isinstance(conversation.pk, UUID)
