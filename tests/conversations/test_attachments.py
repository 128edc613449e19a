"""What is attached is judged by its bytes, kept once, and gone with the last conversation that uses it."""

import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image

from conversations import selectors
from conversations.attachment_files import THUMBNAIL, file_open, folder, thumbnail_open
from conversations.media import (
    MAX_BYTES,
    MediaCorrupt,
    MediaRefused,
    MediaTooLarge,
    MediaUnknown,
    media_read,
    pcm_as_wav,
    sound_type,
)
from conversations.models import Attachment, AttachmentUse, Conversation, Message
from conversations.parts import digests_of, reference_to
from conversations.services import (
    attachment_create,
    attachments_reuse,
    conversation_create,
    conversation_delete,
)
from team.models import User
from tests.desk import Desk
from tests.pictures import bomb, document, mp3, picture, sound
from tests.threads import at_once

pytestmark = pytest.mark.django_db

KINDS = [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("GIF", "image/gif"), ("WEBP", "image/webp")]


def stored_files() -> list[Path]:
    return [path for path in folder().rglob("*") if path.is_file()]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, settings: object) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"  # type: ignore[attr-defined]  # pytest-django's wrapper


@pytest.mark.parametrize(("kind", "mime"), KINDS)
def test_an_image_keeps_its_bytes_and_gets_a_thumbnail(desk: Desk, kind: str, mime: str) -> None:
    data = picture(kind, size=(1300, 700))
    kept = attachment_create(conversation=desk.conversation, data=data, name="a.png", person=desk.person)
    with file_open(kept) as file:
        assert file.read() == data
    assert (kept.digest, kept.mime, kept.size) == (hashlib.sha256(data).hexdigest(), mime, len(data))
    assert (kept.width, kept.height) == (1300, 700)
    with thumbnail_open(kept) as file:
        small = Image.open(io.BytesIO(file.read()))
    assert (small.format, max(small.size)) == ("WEBP", 640)


@pytest.mark.parametrize(
    ("data", "mime"), [(sound(), "audio/wav"), (mp3(), "audio/mpeg"), (document(), "application/pdf")]
)
def test_sounds_and_documents_are_known_by_their_bytes(data: bytes, mime: str) -> None:
    assert media_read(data).mime == mime


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<!doctype html><script>alert(1)</script>",
        b"BM" + bytes(60),
        b"RIFF\x00\x00\x00\x00AVI ",
        b"\xff\xff\xff\xff",
    ],
)
def test_other_kinds_are_refused(data: bytes) -> None:
    with pytest.raises(MediaUnknown):
        media_read(data)


@pytest.mark.parametrize(("kind", "_mime"), KINDS)
def test_a_cut_image_is_refused(kind: str, _mime: str) -> None:
    data = picture(kind, size=(300, 300))
    with pytest.raises(MediaRefused):
        media_read(data[: len(data) // 2])


def test_an_image_that_only_begins_like_one_is_refused() -> None:
    with pytest.raises(MediaCorrupt):
        media_read(b"\x89PNG\r\n\x1a\n" + b"<script>alert(1)</script>" * 10)


def test_a_bomb_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(MediaTooLarge):
        media_read(bomb())


def test_too_many_bytes_are_refused() -> None:
    with pytest.raises(MediaTooLarge):
        media_read(bytes(MAX_BYTES + 1))


def test_bare_pcm_becomes_a_sound_with_a_header() -> None:
    assert sound_type(bytes(100)) == ""
    assert media_read(pcm_as_wav(bytes(100))).mime == "audio/wav"


def test_the_same_content_is_kept_once(desk: Desk, bob: User) -> None:
    other = conversation_create(owner=bob, settings={})
    first = attachment_create(conversation=desk.conversation, data=picture(), name="one.png")
    again = attachment_create(conversation=desk.conversation, data=picture(), name="one.png")
    second = attachment_create(conversation=other, data=picture(), name="../../etc/two.png")
    assert first == again == second
    assert (Attachment.objects.count(), len(stored_files())) == (1, 2)
    names = AttachmentUse.objects.order_by("id").values_list("conversation_id", "name")
    assert list(names) == [(desk.conversation.pk, "one.png"), (other.pk, "two.png")]


@pytest.mark.django_db(transaction=True)
def test_the_same_content_at_once_is_kept_once(desk: Desk) -> None:
    data = picture(size=(500, 500))
    kept = at_once(*[lambda: attachment_create(conversation=desk.conversation, data=data).digest] * 4)
    assert len(set(kept)) == 1
    assert (Attachment.objects.count(), len(stored_files())) == (1, 2)


@pytest.mark.django_db(transaction=True)
def test_the_bytes_go_with_the_last_conversation_that_uses_them(desk: Desk) -> None:
    other = conversation_create(owner=desk.person, settings={})
    kept = attachment_create(conversation=desk.conversation, data=picture())
    attachments_reuse(source=desk.conversation, target=other, digests=[kept.digest])
    conversation_delete(conversation=desk.conversation)
    assert stored_files()
    conversation_delete(conversation=Conversation.objects.get(pk=other.pk))
    assert (Attachment.objects.count(), stored_files()) == (0, [])


def test_nobody_else_may_see_it_until_its_conversation_is_shown(desk: Desk, charlie: User) -> None:
    kept = attachment_create(conversation=desk.conversation, data=picture())
    assert selectors.attachment_for(user=desk.person, digest=kept.digest) == kept
    with pytest.raises(Attachment.DoesNotExist):
        selectors.attachment_for(user=charlie, digest=kept.digest)
    desk.conversation.visibility = Conversation.Visibility.TEAM
    desk.conversation.save()
    assert selectors.attachment_for(user=charlie, digest=kept.digest) == kept


def test_messages_name_their_attachments(desk: Desk) -> None:
    kept = attachment_create(conversation=desk.conversation, data=picture())
    parts = [
        {"type": "text", "text": "attachment:" + "0" * 64},
        {"type": "image_url", "image_url": {"url": reference_to(kept.digest)}},
        {"type": "image_url", "image_url": "odd"},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        "odd",
    ]
    assert list(digests_of(parts)) == [kept.digest]
    message = Message(role="user", content=parts)
    assert selectors.attachments_used([message]) == {kept.digest: kept}


def test_thumbnails_lie_beside_their_originals(desk: Desk) -> None:
    kept = attachment_create(conversation=desk.conversation, data=picture())
    assert (folder() / (kept.stored + THUMBNAIL)).exists()
