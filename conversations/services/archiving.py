"""Everything a person owns as one ZIP file: written piece by piece, read back one conversation at a time.

about.json                     what this is, of whom, from when
conversations/<id>.json        one conversation as `docs/formats.md` has it; its attachments without their bytes
organised/<id>.json            pinned, archived, tags and remarks of that conversation
attachments/<sha-256>          the bytes, each content once
presets.json                   presets with their versions
tool_results.json, comments.json   saved tool results; remarks in other people's conversations
costs.json                     what the person spent, by month, provider and model; not read back: it was paid once
"""

import base64
import json
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from typing import IO, Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from conversations import storable
from conversations.models import ArchiveEntry, Comment, Conversation, Message, Tag, ToolMock
from conversations.selectors.costs import costs_owned
from conversations.services.archiving_presets import presets_read, presets_told
from conversations.services.exporting import conversation_record
from conversations.services.importing import conversations_import
from conversations.services.organising import tag_names
from team.models import User
from upstream.formats.errors import FormatError
from upstream.formats.measures import moment_read
from upstream.formats.playground_json import json_write
from upstream.formats.reading import read_any
from upstream.formats.records import AttachmentRecord

FORMAT: Final = "chat-playground-archive"
VERSION: Final = 1
UNREADABLE: Final = (zipfile.BadZipFile, RuntimeError, zlib.error, lzma.LZMAError, OSError, EOFError)
"""What zipfile raises for an entry that is encrypted or packed as it does not know (RuntimeError), or that is damaged."""
MAX_ENTRY: Final = 256 * 1024 * 1024
"""Bytes of one file in an archive, unpacked; a conversation is in memory while it is read."""
MAX_ENTRIES: Final = 1_000_000


class ArchiveRefused(Exception):
    """The file is no archive of this product, or is damaged. The text says which part, in words for people's logs."""


@dataclass(frozen=True, slots=True)
class ArchiveRead:
    """What became of an archive: conversations made, passed over because they are there, and refused (by file name)."""

    made: int = 0
    there: int = 0
    refused: tuple[str, ...] = ()


class _Pipe:
    """A file that can only be written, and remembers what was written until it is taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def take(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def archive_write(*, user: User, mask: Callable[[str], str]) -> Iterator[bytes]:
    """Yield the bytes of the person's archive; one conversation is in memory at a time.

    `mask` takes keys out of the texts. What lies in the trash is among it, what others own is not.
    """
    pipe = _Pipe()
    ids = list(Conversation.objects.filter(owner=user).order_by("id").values_list("pk", flat=True))
    written: set[str] = set()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]  # writes only
        archive.writestr("about.json", mask(_json(_about(user, len(ids)))))
        for pk in ids:
            conversation = Conversation.objects.filter(pk=pk, owner=user).first()
            if conversation is None:  # deleted meanwhile
                continue
            for attachment in _conversation_write(archive, user, conversation, mask):
                if attachment.digest not in written:
                    written.add(attachment.digest)
                    archive.writestr(f"attachments/{attachment.digest}", attachment.data)
                yield pipe.take()
            archive.writestr(f"organised/{pk}.json", mask(_json(_organised(user, conversation))))
            yield pipe.take()
        archive.writestr("presets.json", mask(_json(presets_told(user=user))))
        archive.writestr("tool_results.json", mask(_json(_mocks(user))))
        archive.writestr("comments.json", mask(_json(_comments_elsewhere(user))))
        archive.writestr("costs.json", mask(_json(costs_owned(user=user))))
    yield pipe.take()


def _conversation_write(
    archive: zipfile.ZipFile, user: User, conversation: Conversation, mask: Callable[[str], str]
) -> tuple[AttachmentRecord, ...]:
    """Write a conversation without the bytes of its attachments; return those."""
    record = conversation_record(conversation=conversation, person=user)
    document = json.loads(json_write([replace(record, attachments=())], exported=timezone.now().isoformat()))
    document["conversations"][0]["attachments"] = [
        {"digest": each.digest, "mime": each.mime, "name": each.name} for each in record.attachments
    ]
    archive.writestr(f"conversations/{conversation.pk}.json", mask(_json(document)))
    return record.attachments


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n"


def _about(user: User, count: int) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "exported": timezone.now().isoformat(),
        "person": {
            "username": user.username,
            "email": user.email,
            "name": user.name,
            "language": user.language,
            "joined": user.date_joined,
        },
        "conversations": count,
    }


def _organised(user: User, conversation: Conversation) -> dict[str, Any]:
    comments = Comment.objects.filter(message__conversation=conversation).select_related("author", "message")
    return {
        "pinned": conversation.pinned,
        "archived": conversation.archived,
        "trashed": conversation.trashed,
        "visibility": conversation.visibility,
        "tags": [tag.name for tag in Tag.objects.filter(person=user, conversations=conversation)],
        "comments": [
            {
                "author": comment.author.username,
                "created": comment.created.isoformat(),
                "text": comment.text,
                "message": {
                    "role": comment.message.role,
                    "created": comment.message.created.astimezone(UTC).isoformat(),
                },
            }
            for comment in comments
        ],
    }


def _mocks(user: User) -> list[dict[str, Any]]:
    fields = ("name", "match", "arguments", "result", "created", "updated")
    return list(ToolMock.objects.filter(owner=user).values(*fields))


def _comments_elsewhere(user: User) -> list[dict[str, Any]]:
    comments = Comment.objects.filter(author=user).exclude(message__conversation__owner=user)
    return [
        {"text": text, "created": created, "conversation": str(pk)}
        for text, created, pk in comments.values_list("text", "created", "message__conversation")
    ]


# Reading


def archive_read(*, user: User, file: IO[bytes]) -> ArchiveRead:
    """Make the conversations of an archive the person's own; raises ArchiveRefused where it is none.

    Each comes whole or not at all, and none twice: after an interruption the same archive may be read again, and what is
    there already (or never went away) is passed over. Files of the archive are never written under their own names.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            _about_check(archive)
            return _conversations_read(user, archive)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, RuntimeError, EOFError, ValueError) as error:
        raise ArchiveRefused(str(error)) from error


def _about_check(archive: zipfile.ZipFile) -> None:
    if len(archive.infolist()) > MAX_ENTRIES:
        raise ArchiveRefused("too many files")
    about = _json_read(archive, "about.json")
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise ArchiveRefused("about.json does not say that this is an archive of Chat Playground")
    if about.get("version") != VERSION:
        raise ArchiveRefused(f"version {about.get('version')!r} is not known")


def _conversations_read(user: User, archive: zipfile.ZipFile) -> ArchiveRead:
    made = there = 0
    refused: list[str] = []
    for name in sorted(archive.namelist()):
        original = _original(name)
        if original is None:
            continue
        try:
            is_new = _conversation_read(user, archive, name, original)
        except (ArchiveRefused, FormatError, zipfile.BadZipFile) as error:
            refused.append(f"{name}: {error}")
        else:
            made, there = made + is_new, there + (not is_new)
    if "presets.json" in archive.NameToInfo:
        refused += presets_read(user=user, given=_json_read(archive, "presets.json"))
    _mocks_read(user, archive)
    return ArchiveRead(made, there, tuple(refused))


def _original(name: str) -> UUID | None:
    """Return the id in the name of a conversation's file, None for other files."""
    folder, _, rest = name.partition("/")
    try:
        return (
            UUID(rest.removesuffix(".json")) if folder == "conversations" and rest.endswith(".json") else None
        )
    except ValueError:
        return None


@transaction.atomic
def _conversation_read(user: User, archive: zipfile.ZipFile, name: str, original: UUID) -> bool:
    """Make one conversation with everything around it; False where it is there already."""
    # One reader at a time for each person, so that the same archive read twice at once brings nothing twice.
    User.objects.select_for_update().get(pk=user.pk)
    if ArchiveEntry.objects.filter(person=user, original=original).exists():
        return False
    if Conversation.objects.filter(pk=original, owner=user).exists():
        return False
    document = _json_read(archive, name)
    _bytes_fill(archive, document)
    records = read_any(json.dumps(document, ensure_ascii=False)).conversations
    (conversation,) = conversations_import(person=user, records=records[:1])
    ArchiveEntry.objects.create(person=user, original=original, conversation=conversation)
    _organised_read(user, archive, original, conversation)
    return True


def _bytes_fill(archive: zipfile.ZipFile, document: Any) -> None:
    """Put the bytes of attachments where the format of a single conversation has them."""
    try:
        for attachment in document["conversations"][0]["attachments"]:
            data = _entry_read(archive, f"attachments/{attachment['digest']}")
            attachment["data"] = base64.b64encode(data).decode()
    except (KeyError, IndexError, TypeError) as error:
        raise ArchiveRefused(f"an attachment is missing: {error}") from error


def _organised_read(user: User, archive: zipfile.ZipFile, original: UUID, conversation: Conversation) -> None:
    name = f"organised/{original}.json"
    given = _json_read(archive, name) if name in archive.NameToInfo else {}
    if not isinstance(given, Mapping):
        return
    conversation.pinned = given.get("pinned") is True
    conversation.archived = given.get("archived") is True
    conversation.trashed = timezone.now() if given.get("trashed") else None
    conversation.save(update_fields=["pinned", "archived", "trashed"])
    for tag_name in tag_names(",".join(map(str, _listed(given, "tags")))):
        tag, _made = Tag.objects.get_or_create(person=user, name=tag_name)
        tag.conversations.add(conversation)
    for comment in _listed(given, "comments"):
        _comment_read(user, conversation, comment)


def _listed(given: Mapping[str, Any], name: str) -> list[Any]:
    value = given.get(name)
    return value if isinstance(value, list) else []


def _comment_read(user: User, conversation: Conversation, given: Any) -> None:
    """Bring back a remark of the person's own; what others said is theirs, and stays in the archive."""
    if not isinstance(given, dict) or given.get("author") != user.username:
        return
    message = given.get("message")
    created = moment_read(message.get("created")) if isinstance(message, dict) else None
    found = Message.objects.filter(conversation=conversation, created=created).first() if created else None
    text = storable.text(str(given.get("text") or ""))[:10_000]
    if found is not None and text:
        said = Comment(
            message=found, author=user, text=text, created=moment_read(given.get("created")) or timezone.now()
        )
        # The conversation's own file has it, unless an earlier version wrote the archive.
        if not Comment.objects.filter(message=found, author=user, text=text, created=said.created).exists():
            said.save()


def _mocks_read(user: User, archive: zipfile.ZipFile) -> None:
    """Bring back saved tool results that are not there yet."""
    given = _json_read(archive, "tool_results.json") if "tool_results.json" in archive.NameToInfo else []
    for each in given if isinstance(given, list) else []:
        if not isinstance(each, dict) or each.get("match") not in ToolMock.Match.values:
            continue
        kept = {
            "name": storable.text(str(each.get("name") or ""))[:200],
            "match": each["match"],
            "arguments": storable.text(str(each.get("arguments") or "")),
            "result": storable.text(str(each.get("result") or "")),
        }
        if not ToolMock.objects.filter(owner=user, **kept).exists():
            ToolMock.objects.create(owner=user, **kept)


def _json_read(archive: zipfile.ZipFile, name: str) -> Any:
    try:
        return json.loads(_entry_read(archive, name))
    except (KeyError, ValueError, RecursionError) as error:
        raise ArchiveRefused(f"{name} cannot be read") from error


def _entry_read(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return the bytes of one file, however large it says that it is: at most MAX_ENTRY. Raises KeyError."""
    try:
        with archive.open(name) as entry:
            data = entry.read(MAX_ENTRY + 1)
    except UNREADABLE as error:
        raise ArchiveRefused(f"{name} cannot be read") from error
    if len(data) > MAX_ENTRY:
        raise ArchiveRefused(f"{name} is too large")
    return data
