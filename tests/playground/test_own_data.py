"""Everything of a person as a file and back, by page and by command, killed in the middle, hostile; and leaving."""

import io
import json
import re
import sqlite3
import struct
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from conversations import services
from conversations.models import Comment, Conversation, Exchange, Message, Tag, ToolMock, Trace
from conversations.services import ArchiveRefused
from team.models import AuditEvent, Provider, Role, User
from tests.cast import PASSWORD, client_of, person_make, provider_make
from tests.desk import Desk, desk_make
from tests.fakes import FakeUpstream, Stream
from tests.playground.pages import Page
from tests.served import ROOT, Installation, ServedProcess, wait_for

PDF = b"%PDF-1.4 a page of it"


@pytest.fixture
def desk(alice: User, tmp_path: Path, settings: Settings) -> Desk:
    """Alice with one of everything."""
    settings.MEDIA_ROOT = tmp_path / "uploads"
    desk = desk_make(alice)
    opened = desk.open("Question with key sk-canary-0123456789abcdef")
    ending = services.Ending(
        exchange_id=opened.exchanges[0].id,
        state=Exchange.State.COMPLETED,
        response={"choices": [{"index": 0, "message": {"content": "答案 🚀"}}]},
        error=None,
    )
    services.recordings_write(
        progress=[services.Progress(opened.exchanges[0].id, 0, ((b"data: x\n\n", 5.0),))], endings=(ending,)
    )
    conversation = desk.conversation
    attachment = services.attachment_create(conversation=conversation, data=PDF, name="a.pdf", person=alice)
    answer = Message.objects.get(conversation=conversation, role="assistant")
    part = {"type": "file", "file": {"filename": "a.pdf", "file_data": f"attachment:{attachment.pk}"}}
    Message.objects.create(conversation=conversation, parent=answer, role="user", content=[part])
    services.conversations_pin(user=alice, ids=[conversation.pk], pinned=True)
    services.conversations_tag(user=alice, ids=[conversation.pk], names=["work", "工作"])
    services.comment_add(user=alice, message_id=answer.pk, text="Mine")
    ToolMock.objects.create(owner=alice, name="get_weather", match="any", result="{}")
    return desk


def archive_of(user: User, mask: Any = str) -> bytes:
    return b"".join(services.archive_write(user=user, mask=mask))


def files_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def packed(files: dict[str, bytes]) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    file.seek(0)
    return file


def told(conversation: Conversation) -> list[tuple[Any, ...]]:
    """What a conversation holds, without its ids."""
    messages = Message.objects.filter(conversation=conversation).order_by("id")
    return [(m.role, m.content, m.exchange.response if m.exchange else "", m.created) for m in messages]


@pytest.mark.django_db
def test_an_archive_comes_back_whole_and_only_once(desk: Desk, bob: User) -> None:
    data = archive_of(desk.person)
    done = services.archive_read(user=bob, file=io.BytesIO(data))
    assert (done.made, done.there, done.refused) == (1, 0, ())
    again = services.archive_read(user=bob, file=io.BytesIO(data))
    assert (again.made, again.there) == (0, 1)
    (read,) = Conversation.objects.filter(owner=bob)
    assert told(read) == told(desk.conversation)
    assert read.pinned
    assert set(Tag.objects.filter(person=bob, conversations=read).values_list("name", flat=True)) == {
        "work",
        "工作",
    }
    assert Trace.objects.filter(exchange__run__conversation=read).exists()
    assert read.attachment_uses.get().attachment_id == desk.conversation.attachment_uses.get().attachment_id
    remark = Comment.objects.get(message__conversation=read)
    assert (remark.author, remark.said_by, remark.text) == (
        bob,
        "alice",
        "Mine",
    )  # whose words they are stays
    assert ToolMock.objects.filter(owner=bob).count() == 1
    own = services.archive_read(user=desk.person, file=io.BytesIO(data))
    assert (own.made, own.there) == (0, 1)  # it never went away


@pytest.mark.django_db
def test_after_everything_was_deleted_the_archive_brings_it_back(desk: Desk) -> None:
    before = told(desk.conversation)
    data = archive_of(desk.person)
    assert services.person_data_delete(user=desk.person) == 1
    for model in (Conversation, Message, Exchange, Trace, Tag, Comment, ToolMock):
        assert not model._default_manager.exists()
    assert services.archive_read(user=desk.person, file=io.BytesIO(data)).made == 1
    (read,) = Conversation.objects.all()
    assert told(read) == before
    assert Comment.objects.get().text == "Mine"


@pytest.mark.django_db
def test_an_archive_holds_nothing_of_others_and_no_key(desk: Desk, bob: User) -> None:
    theirs = services.conversation_create(owner=bob, settings={})
    Conversation.objects.filter(pk=theirs.pk).update(title="bobs own", visibility="team")
    services.conversations_trash(user=desk.person, ids=[desk.conversation.pk])
    files = files_of(
        archive_of(desk.person, mask=lambda text: text.replace("sk-canary-0123456789abcdef", "…"))
    )
    text = b"".join(files.values())
    assert b"bobs own" not in text
    assert b"sk-canary" not in text
    assert f"conversations/{desk.conversation.pk}.json" in files  # the trash is one's own, too
    assert PDF in files.values()
    assert files_of(archive_of(bob)).keys() >= {f"conversations/{theirs.pk}.json"}


HOSTILE: dict[str, dict[str, bytes]] = {
    "no archive": {"x": b"y"},
    "about is no JSON": {"about.json": b"{"},
    "about is too deep": {"about.json": b"[" * 100_000},
    "about is something else": {"about.json": b'"chat-playground-archive"'},
    "another version": {"about.json": b'{"format": "chat-playground-archive", "version": 99}'},
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_archive_is_refused(name: str, alice: User) -> None:
    with pytest.raises(ArchiveRefused):
        services.archive_read(user=alice, file=packed(HOSTILE[name]))


def packed_raw(method: int, *, flags: int = 0, damaged: bool = False) -> io.BytesIO:
    """A ZIP file with an about.json that says to be packed by this method, with these flags, or that is damaged."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("about.json", b'{"format": "chat-playground-archive"}')
    data = bytearray(buffer.getvalue())
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.index(signature) + at
        data[start : start + 4] = struct.pack("<HH", flags, method)
    if damaged:
        data[40:44] = b"\xff" * 4
    return io.BytesIO(bytes(data))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "file",
    [
        packed_raw(8, flags=1),
        packed_raw(8, flags=64),
        packed_raw(97),
        packed_raw(14),
        packed_raw(12),
        packed_raw(8, damaged=True),
    ],
    ids=["encrypted", "strongly encrypted", "unknown packing", "no LZMA", "no bzip2", "damaged"],
)
def test_an_archive_whose_entries_cannot_be_read_is_refused(file: io.BytesIO, alice: User) -> None:
    with pytest.raises(ArchiveRefused):
        services.archive_read(user=alice, file=file)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04", b"PK\x05\x06" + b"\x00" * 18, b"\x00" * 1000, b"PK" * 500]
)
def test_bytes_that_are_no_zip_are_refused(data: bytes, alice_client: Client) -> None:
    file = SimpleUploadedFile("a.zip", data)
    answer = alice_client.post("/settings/data/import/", {"archive": file})
    assert answer.status_code == 422
    assert "no archive of Chat Playground" in answer.content.decode() or data == b""


@pytest.mark.django_db
def test_a_damaged_conversation_is_passed_over_and_the_others_come(
    desk: Desk, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = files_of(archive_of(desk.person))
    name = next(name for name in files if name.startswith("conversations/"))
    document = json.loads(files[name])
    broken = {
        "00000000-0000-7000-8000-000000000001": b"{",
        "00000000-0000-7000-8000-000000000002": json.dumps({"conversations": [{"attachments": 5}]}).encode(),
        "00000000-0000-7000-8000-000000000003": json.dumps(document | {"version": 99}).encode(),
        "00000000-0000-7000-8000-000000000004": b" " * 5_000_000 + b"1",
        "../../../etc/passwd": b"{}",
        "not-an-id": b"{}",
    }
    files |= {f"conversations/{pk}.json": data for pk, data in broken.items()}
    files["/etc/cron.d/x"] = b"x"
    monkeypatch.setattr("conversations.services.archiving.MAX_ENTRY", 1_000_000)
    done = services.archive_read(user=bob, file=packed(files))
    assert done.made == 1
    assert len(done.refused) == 4
    assert Conversation.objects.filter(owner=bob).count() == 1


@pytest.mark.django_db
def test_an_archive_cannot_name_bytes_that_are_not_in_it(desk: Desk, bob: User) -> None:
    files = files_of(archive_of(desk.person))
    stolen = {name: data for name, data in files.items() if not name.startswith("attachments/")}
    done = services.archive_read(user=bob, file=packed(stolen))
    assert done.made == 0
    assert not Conversation.objects.filter(owner=bob).exists()


# Leaving


@pytest.mark.django_db
def test_deleting_everything_asks_for_the_password_and_leaves_others_alone(desk: Desk, bob: User) -> None:
    bobs = services.conversation_create(owner=bob, settings={})
    client = client_of(desk.person)
    answer = client.post("/settings/data/delete/", {"password": "wrong"})
    assert answer.status_code == 422
    assert "not your password" in answer.content.decode()
    assert Conversation.objects.count() == 2
    assert client.post("/settings/data/delete/", {"password": PASSWORD}).status_code == 302
    assert list(Conversation.objects.all()) == [bobs]
    assert Provider.objects.exists()
    assert client.get("/settings/data/").status_code == 200


@pytest.mark.django_db
def test_an_account_goes_with_everything_in_it(bob: User, alice: User) -> None:
    provider_make(bob, key="sk-bobs-own-0123456789", name="Bob's")
    desk_make(bob, name="Other").open("Hello")
    client = client_of(bob)
    assert client.post("/settings/account/delete/", {"password": "wrong"}).status_code == 422
    assert client.post("/settings/account/delete/", {"password": PASSWORD}).status_code == 302
    assert not User.objects.filter(username="bob").exists()
    assert not Conversation.objects.exists()
    assert not Provider.objects.filter(name="Bob's").exists()
    assert client.get("/settings/data/").status_code == 302
    assert AuditEvent.objects.filter(action="account.delete", target="bob").exists()
    assert User.objects.get() == alice


@pytest.mark.django_db
def test_who_has_no_password_confirms_with_their_username(bob: User, alice: User) -> None:
    bob.set_unusable_password()
    bob.save()
    client = client_of(bob)
    page = client.get("/settings/data/").content.decode()
    assert "Type your username, bob, to confirm" in page
    assert 'type="password"' not in page
    for fields in ({}, {"name": "alice"}, {"password": ""}, {"password": bob.password}):
        for form in ("data", "account"):
            answer = client.post(f"/settings/{form}/delete/", fields)
            assert answer.status_code == 422
            assert "This is not your username." in answer.content.decode()
    assert client.post("/settings/data/delete/", {"name": "bob"}).status_code == 302
    assert client.post("/settings/account/delete/", {"name": " bob "}).status_code == 302
    assert User.objects.get() == alice


@pytest.mark.django_db
def test_the_last_administrator_stays_with_everything(alice: User) -> None:
    desk_make(alice)
    answer = client_of(alice).post("/settings/account/delete/", {"password": PASSWORD})
    assert answer.status_code == 422
    assert "at least one administrator" in answer.content.decode()
    assert Conversation.objects.filter(owner=alice).exists()
    person_make("second", role=Role.ADMINISTRATOR)
    assert client_of(alice).post("/settings/account/delete/", {"password": PASSWORD}).status_code == 302
    assert not User.objects.filter(username="alice").exists()


# Served


@pytest.mark.served
def test_the_page_sends_the_archive_while_it_is_made(
    page: Page, upstream: FakeUpstream, shared_process: ServedProcess
) -> None:
    upstream.script(page.model, Stream(text=["An answer for the archive."]))
    exchange = page.send("A question for the archive").exchange
    with page.socket() as socket:
        socket.follow(exchange)
        socket.until_end()
    answer = page.client.get("/settings/data/archive/")
    assert answer.headers["content-type"] == "application/zip"
    assert "attachment" in answer.headers["content-disposition"]
    files = files_of(answer.content)
    assert b"An answer for the archive." in b"".join(files.values())
    assert shared_process.client().get("/settings/data/archive/").url.path == "/accounts/login/"


FILL = """
from conversations.models import *
from team.models import User
from conversations.services import conversation_create
for name in ("alice", "bob"):
    User.objects.create_user(name, f"{name}@example.com", "x")
alice = User.objects.get(username="alice")
for number in range(300):
    made = conversation_create(owner=alice, settings={})
    Message.objects.bulk_create(Message(conversation=made, role="user",
        content=[{"type": "text", "text": f"{number} " + "words " * 200}]) for _ in range(20))
"""


def conversations(installation: Installation, owner: int) -> tuple[int, int]:
    """How many conversations and messages somebody has, read without the product."""
    asked = (
        "SELECT count(DISTINCT c.id), count(m.id) FROM conversations_conversation c "
        f"LEFT JOIN conversations_message m ON m.conversation_id = c.id WHERE c.owner_id = {owner}"
    )
    url = installation.environment.get("DATABASE_URL")
    if url:
        with psycopg.connect(url, autocommit=True) as connection:
            row = connection.execute(asked).fetchone()
    else:
        with closing(sqlite3.connect(installation.folder / "playground.sqlite3", timeout=20)) as file:
            row = file.execute(asked).fetchone()
    return tuple(row or ())


@pytest.mark.served
def test_killed_in_the_middle_an_archive_is_whole_or_not_there_and_reading_goes_on(
    installation: Installation, tmp_path: Path
) -> None:
    installation.manage("shell", "-v", "0", "-c", FILL)
    target = tmp_path / "alice.zip"

    def archive(deed: str, person: str) -> subprocess.Popen[str]:
        command = [sys.executable, "manage.py", "archive", deed, person, str(target)]
        return subprocess.Popen(
            command, cwd=ROOT, env=installation.environment, stdout=subprocess.PIPE, text=True
        )

    writing = archive("write", "alice")
    unfinished = tmp_path / ".alice.zip.part"
    wait_for(lambda: unfinished.exists() and unfinished.stat().st_size > 0, within=60, what="the first bytes")
    writing.kill()
    writing.communicate(timeout=60)
    assert not target.exists()
    assert archive("write", "alice").communicate(timeout=120)[0].startswith(str(target))
    assert not unfinished.exists()
    reading = archive("read", "bob")
    wait_for(lambda: conversations(installation, 2)[0] > 3, within=60, what="the first conversations")
    reading.kill()
    reading.communicate(timeout=60)
    made, messages = conversations(installation, 2)
    assert 3 < made < 300
    assert messages == made * 20  # each whole
    report = archive("read", "bob").communicate(timeout=180)[0]
    assert re.search(rf"{300 - made} conversations made, {made} were there already", report)
    assert conversations(installation, 2) == (300, 6000)
    assert conversations(installation, 1) == (300, 6000)
