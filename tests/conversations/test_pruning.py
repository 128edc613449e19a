"""What prune removes, what it leaves, and that nothing else is lost when it is killed in the middle."""

import os
import re
import sqlite3
import subprocess
import sys
import zlib
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from conversations import services
from conversations.models import Attachment, Conversation, Exchange, Message, Trace
from team.models import User
from tests.desk import Desk
from tests.served import ROOT, Installation, wait_for


def ended_exchange(desk: Desk, *, days: int, pieces: int = 2) -> Exchange:
    """An exchange that ended so many days ago, with a trace."""
    opened = desk.open()
    exchange = Exchange.objects.get(pk=opened.exchanges[0].id)
    Exchange.objects.filter(pk=exchange.pk).update(
        state=Exchange.State.COMPLETED, ended=timezone.now() - timedelta(days=days), response='{"choices":[]}'
    )
    for sequence in range(pieces):
        Trace.objects.create(exchange=exchange, sequence=sequence, data=zlib.compress(os.urandom(1000)))
    return exchange


def prune(*options: str, capsys: pytest.CaptureFixture[str]) -> str:
    call_command("prune", *options)
    return capsys.readouterr().out


def test_old_traces_go_and_their_exchanges_stay(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = ended_exchange(desk, days=100), ended_exchange(desk, days=1)
    live = desk.open().exchanges[0].id
    Trace.objects.create(exchange_id=live, sequence=0, data=b"x")
    dry = prune("--dry-run", "--traces-older-than", "90d", capsys=capsys)
    assert re.search(r"trace pieces by age: 2 would be removed, 2\.0 kB", dry)
    assert Trace.objects.filter(exchange=old).count() == 2
    assert "trace pieces by age: 2 removed, 2.0 kB" in prune("--traces-older-than", "90d", capsys=capsys)
    assert not Trace.objects.filter(exchange=old).exists()
    assert Trace.objects.filter(exchange=new).count() == 2
    assert Trace.objects.filter(exchange=live).count() == 1
    assert Exchange.objects.get(pk=old.pk).response
    assert "trace pieces by age: 0 removed" in prune("--traces-older-than", "90d", capsys=capsys)


def test_the_oldest_traces_go_until_the_rest_is_small_enough(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    exchanges = [ended_exchange(desk, days=days) for days in (3, 2, 1)]
    dry = prune("--dry-run", "--max-size", "4500", capsys=capsys)
    assert "trace pieces by size: 2 would be removed" in dry
    prune("--max-size", "4500", capsys=capsys)
    assert [Trace.objects.filter(exchange=each).count() for each in exchanges] == [0, 2, 2]
    assert "kept: 3 exchanges with" in prune("--max-size", "1G", capsys=capsys)


def test_the_trash_is_emptied_after_thirty_days(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    other = services.conversation_create(owner=desk.person, settings={})
    for conversation in (desk.conversation, other):
        services.conversations_trash(user=desk.person, ids=[conversation.pk])
    Conversation.objects.filter(pk=other.pk).update(trashed=timezone.now() - timedelta(days=31))
    assert "conversations in the trash: 1 would be removed" in prune("--dry-run", capsys=capsys)
    assert "conversations in the trash: 1 removed" in prune(capsys=capsys)
    assert set(Conversation.objects.values_list("pk", flat=True)) == {desk.conversation.pk}


def test_messages_deleted_long_ago_go(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    message = Message.objects.create(conversation=desk.conversation, role="user")
    Message.everything.filter(pk=message.pk).update(deleted=timezone.now() - timedelta(days=2))
    assert "deleted messages: 1 would be removed" in prune("--dry-run", capsys=capsys)
    prune(capsys=capsys)
    assert not Message.everything.filter(pk=message.pk).exists()


def test_attachments_that_nothing_uses_and_stray_files_go(
    desk: Desk, alice: User, capsys: pytest.CaptureFixture[str], tmp_path: Path, settings: Settings
) -> None:
    settings.MEDIA_ROOT = tmp_path
    used = services.attachment_create(conversation=desk.conversation, data=b"%PDF-1.4 used", person=alice)
    unused = services.attachment_create(conversation=desk.conversation, data=b"%PDF-1.4 unused", person=alice)
    unused.uses.all().delete()
    long_ago = timezone.now() - timedelta(days=3)
    Attachment.objects.update(created=long_ago)
    stray, fresh = tmp_path / "ab" / "stray", tmp_path / "ab" / "fresh"
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"x" * 500)
    fresh.write_bytes(b"in work")
    os.utime(stray, (long_ago.timestamp(),) * 2)
    assert "2 would be removed" in prune("--dry-run", "--attachments-older-than", "1d", capsys=capsys)
    assert stray.exists()
    services.attachments_prune(before=timezone.now() - timedelta(days=1))
    assert list(Attachment.objects.all()) == [used]
    assert not stray.exists()
    assert fresh.exists()


def test_the_oldest_unused_attachments_go_until_the_rest_is_small_enough(
    desk: Desk, alice: User, capsys: pytest.CaptureFixture[str], tmp_path: Path, settings: Settings
) -> None:
    settings.MEDIA_ROOT = tmp_path
    kept = [
        services.attachment_create(
            conversation=desk.conversation, data=b"%PDF-1.4 " + each * 991, person=alice
        )
        for each in (b"a", b"b", b"c", b"d")
    ]
    for number, each in enumerate(kept):
        days = (9, 5, 7, 0)[number]
        Attachment.objects.filter(pk=each.pk).update(created=timezone.now() - timedelta(days=days))
    for each in kept[1:]:
        each.uses.all().delete()
    assert "attachments by size: 1 would be removed, 1.0 kB" in prune(
        "--dry-run", "--attachments-max-size", "3k", capsys=capsys
    )
    prune("--attachments-max-size", "3k", capsys=capsys)
    assert set(Attachment.objects.values_list("pk", flat=True)) == {kept[n].pk for n in (0, 1, 3)}
    # What is used stays whatever its size, and so does what somebody may be sending.
    assert "attachments by size: 1 removed" in prune("--attachments-max-size", "0", capsys=capsys)
    assert set(Attachment.objects.values_list("pk", flat=True)) == {kept[0].pk, kept[3].pk}


@pytest.mark.parametrize("text", ["90", "d", "-1d", "1.5d", "90 days", ""])
def test_an_age_that_makes_no_sense_is_refused(text: str, db: None) -> None:
    with pytest.raises(CommandError, match=r"age|expected one argument"):
        call_command("prune", f"--traces-older-than={text}")


FILL = """
from datetime import timedelta
from django.utils import timezone
from conversations.models import *
from team.models import User
from conversations.services import conversation_create
import uuid, os
user = User.objects.create_user("alice", "alice@example.com", "x")
kept = conversation_create(owner=user, settings={})
run = Run.objects.create(pk=uuid.uuid4(), conversation=kept, person=user)
long_ago = timezone.now() - timedelta(days=200)
made = Exchange.objects.bulk_create(Exchange(run=run, provider_name="p", api="generic", model="m", state="completed",
    method="POST", url="u", body="{}", response="{}", ended=long_ago) for _ in range(3000))
Trace.objects.bulk_create([Trace(exchange=each, sequence=n, data=os.urandom(400)) for each in made for n in (0, 1)], 500)
for _ in range(40):
    gone = conversation_create(owner=user, settings={})
    Message.objects.bulk_create(Message(conversation=gone, role="user", content=[{"type": "text", "text": "t"}])
        for _ in range(50))
    Conversation.objects.filter(pk=gone.pk).update(trashed=long_ago)
"""
TABLES = ("exchange", "trace", "conversation", "message")


def counts(installation: Installation) -> list[int]:
    """How many exchanges, traces, conversations and messages there are, read without the product."""
    asked = "SELECT " + ", ".join(f"(SELECT count(*) FROM conversations_{table})" for table in TABLES)
    url = installation.environment.get("DATABASE_URL")
    if url:
        with psycopg.connect(url, autocommit=True) as connection:
            return list(connection.execute(asked).fetchone() or ())
    with closing(sqlite3.connect(installation.folder / "playground.sqlite3", timeout=20)) as file:
        return list(file.execute(asked).fetchone())


@pytest.mark.served
def test_killed_in_the_middle_and_twice_at_once_nothing_else_is_lost(installation: Installation) -> None:
    installation.manage("shell", "-v", "0", "-c", FILL)
    command = [sys.executable, "manage.py", "prune", "--traces-older-than", "90d"]

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            command, cwd=ROOT, env=installation.environment, stdout=subprocess.PIPE, text=True
        )

    process = start()
    wait_for(lambda: counts(installation)[2] < 40, within=60, what="the second conversation to be deleted")
    process.kill()
    process.communicate(timeout=60)
    exchanges, traces, conversations, messages = counts(installation)
    assert exchanges == 3000
    assert messages == (conversations - 1) * 50
    assert traces > 0  # it was in the middle
    both = [start(), start()]
    reports = [each.communicate(timeout=120)[0] for each in both]
    assert [each.returncode for each in both] == [0, 0]
    for kind, expected in (
        ("trace pieces by age", traces),
        ("conversations in the trash", conversations - 1),
    ):
        assert sum(int(n) for report in reports for n in re.findall(rf"{kind}: (\d+)", report)) == expected
    assert counts(installation) == [3000, 0, 1, 0]
