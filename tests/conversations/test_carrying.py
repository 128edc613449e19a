"""What is exported is imported equal: tree, columns, settings, exchanges, traces, attachments."""

import base64
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from PIL import Image

from conversations import selectors
from conversations.models import Comment, Conversation, Message
from conversations.parts import reference_to
from conversations.services import Ending, Progress, recordings_write
from conversations.services.attachment import attachment_create
from conversations.services.comments import comment_add
from conversations.services.exporting import conversation_record, exchange_record
from conversations.services.importing import conversations_import
from conversations.services.organising import conversation_tags_set
from conversations.services.tree_copy import branch_copy
from team.models import User
from tests.conversations.test_recordings import HEAD, State
from tests.desk import KEY, Desk, response
from upstream.formats.playground_json import json_conversations, json_write
from upstream.formats.reading import read_any
from upstream.formats.records import (
    ColumnRecord,
    CommentRecord,
    ConversationRecord,
    ExchangeRecord,
    MessageRecord,
)

pytestmark = pytest.mark.django_db
CREATED = "2026-01-02T03:04:05.678901+00:00"
# What a database keeps; what it cannot keep (NUL, lone surrogates) is mended by `storable`.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(TEXT, children, max_size=3),
    max_leaves=6,
)
COMMENTS = st.builds(CommentRecord, st.sampled_from(["alice", "somebody else"]), TEXT, st.just(CREATED))


@st.composite
def records(draw: st.DrawFn) -> ConversationRecord:
    """Any conversation, its messages level by level as an export has them."""
    count = draw(st.integers(0, 8))
    parents = [draw(st.sampled_from([None, *range(at)])) for at in range(count)]
    order: list[int] = [at for at in range(count) if parents[at] is None]
    for at in order:
        order += [child for child in range(count) if parents[child] == at]
    names = {at: f"m{place}" for place, at in enumerate(order, start=1)}
    columns = draw(st.integers(1, 3))
    leaf = st.sampled_from([None, *names.values()])
    exchanges = tuple(
        draw(_exchanges(f"e{at}", leaf, columns)) for at in range(1, draw(st.integers(0, 3)) + 1)
    )
    runs = {name: f"r{at}" for at, name in enumerate(dict.fromkeys(e.run for e in exchanges), start=1)}
    exchange = st.sampled_from([None, *(each.id for each in exchanges)])
    messages = tuple(
        MessageRecord(
            id=names[at],
            parent=None if (above := parents[at]) is None else names[above],
            role=draw(st.sampled_from(["user", "assistant", "system", "tool"])),
            content=tuple({"type": "text", "text": text} for text in draw(st.lists(TEXT, max_size=2))),
            reasoning=draw(TEXT),
            tool_calls=tuple(draw(st.lists(st.dictionaries(TEXT, JSON, max_size=2), max_size=1))),
            name=draw(TEXT),
            as_parts=draw(st.booleans()),
            extra=draw(st.dictionaries(TEXT, JSON, max_size=2)),
            exchange=draw(exchange),
            choice=draw(st.none() | st.integers(0, 5)),
            finish_reason=draw(TEXT),
            created=CREATED,
            revision=draw(st.integers(0, 3)),
            comments=tuple(draw(st.lists(COMMENTS, max_size=2))),
        )
        for at in order
    )
    return ConversationRecord(
        title=draw(TEXT),
        messages=messages,
        columns=tuple(
            ColumnRecord(
                draw(leaf),
                {
                    "provider": "",
                    "model": draw(TEXT),
                    "system": draw(TEXT),
                    "parameters": {"temperature": "0.70"},
                },
            )
            for _ in range(columns)
        ),
        exchanges=tuple(replace(each, run=runs[each.run]) for each in exchanges),
        created=CREATED,
        updated=CREATED,
        pinned=draw(st.booleans()),
        archived=draw(st.booleans()),
        tags=tuple(sorted(draw(st.sets(st.sampled_from(["a", "to read", "中文"]))))),
    )


@st.composite
def _exchanges(draw: st.DrawFn, name: str, leaf: st.SearchStrategy[Any], columns: int) -> ExchangeRecord:
    raw = draw(st.binary(max_size=40))
    cut = draw(st.integers(0, len(raw)))
    return ExchangeRecord(
        id=name,
        run=draw(st.sampled_from(["a", "b"])),
        column=draw(st.none() | st.integers(0, columns - 1)),
        parent=draw(leaf),
        provider=draw(TEXT),
        model=draw(TEXT),
        state=draw(st.sampled_from(["completed", "stopped", "failed", "interrupted"])),
        url="https://api.example.com/v1/chat/completions",
        headers=(("Authorization", "Bearer ••••cdef"), ("X-Twice", draw(TEXT)), ("X-Twice", "b")),
        body=draw(TEXT),
        status=draw(st.none() | st.integers(100, 599)),
        response='{"choices":[]}',
        usage={"prompt_tokens": 3, "completion_tokens": 4},
        error=draw(st.none() | st.just({"kind": "x", "message": "y"})),
        timing={"first_byte": 1.25, "ended": 7.5},
        tokens_in=3,
        tokens_out=4,
        created=CREATED,
        ended=CREATED,
        raw=raw,
        pieces=((cut, 1.5), (len(raw) - cut, 2.5)) if raw else (),
        pruned=draw(st.sampled_from(["", CREATED])),
        findings=tuple(draw(st.lists(st.tuples(TEXT, st.dictionaries(TEXT, JSON, max_size=2)), max_size=2))),
    )


@examples(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(record=records())
def test_what_is_imported_is_exported_equal(record: ConversationRecord, alice: User) -> None:
    written = json_write([record], exported=CREATED)
    (read,) = read_any(written).conversations
    assert read == record
    (made,) = conversations_import(person=alice, records=[read])
    assert conversation_record(conversation=made, person=made.owner) == record


def finished(desk: Desk, *, text: str = "Hi") -> Any:
    """Run once to the end; return the exchange."""
    opened = desk.open("Hello", system="Be brief", temperature="0.70", stream="true").exchanges[0]
    raw = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'
    recordings_write(
        progress=[Progress(opened.id, 0, head=HEAD, pieces=((raw[:10], 12.5), (raw[10:], 20.0)))],
        endings=[
            Ending(opened.id, State.COMPLETED, response(text), None, {"first_byte": 12.25, "ended": 21.0})
        ],
    )
    return selectors.exchange_for(user=desk.person, pk=opened.id)


def test_a_real_conversation_comes_back_whole_and_its_key_never_leaves(desk: Desk) -> None:
    finished(desk)
    record = conversation_record(conversation=desk.conversation, person=desk.person)
    text = json_write([record], exported=CREATED)
    assert KEY not in text
    (made,) = conversations_import(person=desk.person, records=json_conversations(json.loads(text)))
    again = conversation_record(conversation=made, person=made.owner)
    assert again == replace(record, columns=again.columns)
    assert again.columns[0].settings == record.columns[0].settings
    shown = selectors.branch(conversation_id=made.pk, leaf_id=selectors.column_of(conversation=made).leaf_id)
    assert [message.text for message in shown] == ["Hello", "Hi"]


def test_whose_words_a_remark_are_is_said_and_nobody_is_made_to_say_them(desk: Desk, bob: User) -> None:
    exchange = finished(desk)
    (answer,) = selectors.choices_of(exchange=exchange)
    desk.conversation.visibility = Conversation.Visibility.TEAM
    desk.conversation.save()
    for user, text in ((desk.person, "Mine"), (bob, "Bob's")):
        comment_add(user=user, message_id=answer.pk, text=text)
    record = conversation_record(conversation=desk.conversation, person=bob)
    (made,) = conversations_import(person=bob, records=[record])
    kept = Comment.objects.filter(message__conversation=made)
    assert [(each.author, each.said_by, each.text) for each in kept] == [
        (bob, desk.person.username, "Mine"),
        (bob, "", "Bob's"),
    ]
    assert conversation_record(conversation=made, person=bob).messages == record.messages


def test_what_is_in_a_persons_own_list_is_theirs(desk: Desk, bob: User) -> None:
    conversation_tags_set(user=desk.person, pk=desk.conversation.pk, names=["private words"])
    Conversation.objects.filter(pk=desk.conversation.pk).update(pinned=True, visibility="team")
    desk.conversation.refresh_from_db()
    mine = conversation_record(conversation=desk.conversation, person=desk.person)
    assert (mine.pinned, mine.tags) == (True, ("private words",))
    theirs = conversation_record(conversation=desk.conversation, person=bob)
    assert (theirs.pinned, theirs.tags) == (False, ())


def test_the_exchange_behind_a_copied_message_comes_along_where_it_may_be_seen(desk: Desk, bob: User) -> None:
    exchange = finished(desk)
    (answer,) = selectors.choices_of(exchange=exchange)
    copy = branch_copy(
        person=desk.person, conversation_id=desk.conversation.pk, message_id=answer.pk, title="A copy"
    )
    record = conversation_record(conversation=copy, person=desk.person)
    assert [each.body for each in record.exchanges] == [exchange.body]
    assert record.messages[-1].exchange == record.exchanges[0].id
    assert record.exchanges[0].raw == selectors.trace_of(exchange_id=exchange.pk).raw
    (made,) = conversations_import(person=desk.person, records=[record])
    again = conversation_record(conversation=made, person=desk.person)
    assert again == replace(record, columns=again.columns)
    assert conversation_record(conversation=copy, person=bob).exchanges == ()


def test_one_exchange_is_exported_with_the_branch_it_answers(desk: Desk) -> None:
    finished(desk)
    exchange = finished(desk)
    record = exchange_record(exchange=exchange)
    assert [message.text for message in record.messages] == ["Hello", "Hi", "Hello", "Hi"]
    assert [each.body for each in record.exchanges] == [exchange.body]
    (made,) = conversations_import(person=desk.person, records=[record])
    assert Conversation.objects.get(pk=made.pk).owner == desk.person
    assert Message.objects.filter(conversation=made).count() == 4


@pytest.fixture
def media_folder(settings: Any, tmp_path: Path) -> Path:
    """Keep attachments in a folder of the test's own."""
    settings.MEDIA_ROOT = tmp_path / "uploads"
    return tmp_path


def picture() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (3, 2), "red").save(data, "PNG")
    return data.getvalue()


def test_pictures_go_along(desk: Desk, media_folder: Path) -> None:
    kept = attachment_create(conversation=desk.conversation, data=picture(), name="a.png", person=desk.person)
    part = {"type": "image_url", "image_url": {"url": reference_to(kept.digest), "detail": "low"}}
    Message.objects.create(conversation=desk.conversation, role="user", content=[part])
    record = conversation_record(conversation=desk.conversation, person=desk.person)
    assert [(each.name, each.data) for each in record.attachments] == [("a.png", picture())]
    (made,) = conversations_import(
        person=desk.person, records=read_any(json_write([record], exported="")).conversations
    )
    assert conversation_record(conversation=made, person=made.owner).attachments == record.attachments
    assert conversation_record(conversation=made, person=made.owner).messages == record.messages


def test_a_picture_in_a_body_becomes_an_attachment(alice: User, media_folder: Path) -> None:
    url = "data:image/png;base64," + base64.b64encode(picture()).decode()
    broken = ["data:image/png;base64,!!", "data:image/png;base64,AAAA"]
    parts = [{"type": "image_url", "image_url": {"url": each}} for each in (url, *broken)]
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": parts}]})
    (made,) = conversations_import(person=alice, records=read_any(body).conversations)
    record = conversation_record(conversation=made, person=made.owner)
    assert [each.data for each in record.attachments] == [picture()]
    urls = [part["image_url"]["url"] for part in record.messages[0].content]
    assert urls == [reference_to(record.attachments[0].digest), *broken]
