"""Changing a tree by hand: what was sent stays as it was, and every change can be taken back."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from conversations import selectors, services
from conversations.models import Conversation, Exchange, Message, TreeChange
from conversations.services import (
    Changed,
    ChangeLost,
    Ending,
    MessageGone,
    NotADraft,
    Place,
    StillStreaming,
    Words,
    recordings_write,
)
from team.models import User
from tests.desk import Desk, response

pytestmark = pytest.mark.django_db


def said(desk: Desk, text: str, answer: str) -> tuple[UUID, UUID]:
    """Send a message and end its answer; return both."""
    opened = desk.open(text)
    ending = Ending(opened.exchanges[0].id, Exchange.State.COMPLETED, response(answer), None)
    recordings_write(progress=(), endings=(ending,))
    question, answered = opened.messages
    return question.pk, answered.pk


def shown(desk: Desk) -> list[str]:
    """The texts that the column shows."""
    column = selectors.column_of(conversation=desk.conversation)
    branch = selectors.branch(conversation_id=desk.conversation.pk, leaf_id=column.leaf_id)
    return [message.text for message in branch]


def insert(desk: Desk, text: str, *, role: str = "user", **place: UUID) -> Changed:
    return services.message_insert(
        person=desk.person,
        conversation_id=desk.conversation.pk,
        place=Place(**place),
        words=Words(role, text),
    )


def at(desk: Desk, message: UUID) -> Any:
    return {"person": desk.person, "conversation_id": desk.conversation.pk, "message_id": message}


def undo(desk: Desk, changed: Changed) -> Changed:
    return services.change_undo(
        person=desk.person, conversation_id=desk.conversation.pk, change_id=changed.change
    )


@pytest.fixture
def talk(desk: Desk) -> list[UUID]:
    """Two questions and their answers."""
    return [*said(desk, "q1", "a1"), *said(desk, "q2", "a2")]


def test_an_edited_answer_stands_beside_the_one_that_came(desk: Desk, talk: list[UUID]) -> None:
    changed = services.message_edit(**at(desk, talk[1]), words=Words("assistant", "better"))
    assert shown(desk) == ["q1", "better"]
    shape = selectors.tree_shape(conversation_id=desk.conversation.pk)
    assert shape.siblings(talk[1]) == [talk[1], changed.tip]
    assert changed.tip is not None
    edited = Message.objects.get(pk=changed.tip)
    assert (edited.exchange, edited.author) == (None, desk.person)
    assert Message.objects.get(pk=talk[1]).text == "a1"
    undo(desk, changed)
    assert shown(desk) == ["q1", "a1", "q2", "a2"]
    assert not Message.objects.filter(pk=changed.tip).exists()


def test_a_draft_changes_in_place_and_back(desk: Desk) -> None:
    first = insert(desk, "one").tip
    assert first is not None
    changed = services.message_edit(**at(desk, first), words=Words("system", "uno"))
    draft = Message.objects.get(pk=first)
    assert (changed.tip, draft.role, draft.text, draft.revision) == (None, "system", "uno", 1)
    undo(desk, changed)
    draft.refresh_from_db()
    assert (draft.role, draft.text, draft.revision) == ("user", "one", 2)


def test_editing_keeps_the_parts_that_are_not_text(desk: Desk) -> None:
    image: dict[str, Any] = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    a, b, said = ({"type": "text", "text": text} for text in "abc")
    assert services.tree.content_say([image, a, b], "c") == [image, said]
    assert services.tree.content_say([image], "c") == [said, image]


def test_a_message_is_inserted_before_and_after_another(desk: Desk, talk: list[UUID]) -> None:
    before = insert(desk, "before q2", before=talk[2])
    after = insert(desk, "after a1", after=talk[1])
    insert(desk, "first", before=talk[0])
    last = insert(desk, "last", role="assistant", after=talk[3])
    assert shown(desk) == ["first", "q1", "a1", "after a1", "before q2", "q2", "a2", "last"]
    assert (before.tip, after.tip) == (None, None)
    assert last.tip == selectors.column_of(conversation=desk.conversation).leaf_id
    for changed in (last, after, before):
        undo(desk, changed)
    assert shown(desk) == ["first", "q1", "a1", "q2", "a2"]


def test_a_deleted_message_leaves_its_place_to_what_hung_below(desk: Desk, talk: list[UUID]) -> None:
    kept = Exchange.objects.values_list("body", "response", "parent_id").order_by("id")
    before = list(kept)
    changed = services.message_delete(**at(desk, talk[1]))
    assert shown(desk) == ["q1", "q2", "a2"]
    root = services.message_delete(**at(desk, talk[0]))
    assert shown(desk) == ["q2", "a2"]
    assert list(kept) == before
    with pytest.raises(ChangeLost):  # its parent is gone
        undo(desk, changed)
    undo(desk, root)
    undo(desk, changed)
    assert shown(desk) == ["q1", "a1", "q2", "a2"]
    with pytest.raises(ChangeLost):  # once
        undo(desk, changed)


def test_the_last_message_deleted_shows_what_is_above(desk: Desk, talk: list[UUID]) -> None:
    changed = services.message_delete(**at(desk, talk[3]))
    assert shown(desk) == ["q1", "a1", "q2"]
    assert undo(desk, changed).tip == talk[3]
    assert shown(desk) == ["q1", "a1", "q2", "a2"]


def test_a_deleted_branch_shows_the_one_beside_it_and_comes_back_whole(desk: Desk, talk: list[UUID]) -> None:
    other = services.message_edit(**at(desk, talk[2]), words=Words("user", "q2 again"))
    services.branch_show(column=selectors.column_of(conversation=desk.conversation), message_id=talk[3])
    changed = services.branch_delete(**at(desk, talk[2]))
    assert shown(desk) == ["q1", "a1", "q2 again"]
    assert selectors.tree_shape(conversation_id=desk.conversation.pk).end(None) == other.tip
    assert undo(desk, changed).tip == talk[3]
    assert shown(desk) == ["q1", "a1", "q2", "a2"]


def test_everything_can_be_deleted_and_come_back(desk: Desk, talk: list[UUID]) -> None:
    changed = services.branch_delete(**at(desk, talk[0]))
    assert shown(desk) == []
    assert said(desk, "anew", "answer")
    assert undo(desk, changed).tip == talk[3]
    assert shown(desk) == ["anew", "answer"]  # the column has gone on


def test_what_was_built_on_is_not_undone(desk: Desk, talk: list[UUID]) -> None:
    changed = insert(desk, "more", role="system", after=talk[3])
    said(desk, "q3", "a3")
    with pytest.raises(ChangeLost):
        undo(desk, changed)
    assert shown(desk) == ["q1", "a1", "q2", "a2", "more", "q3", "a3"]


def test_undoing_in_another_order_makes_no_circle(desk: Desk) -> None:
    ids = [insert(desk, "one").tip]
    for text in ("two", "three"):
        last = ids[-1]
        assert last is not None
        ids.append(insert(desk, text, after=last).tip)
    _one, two, three = (pk for pk in ids if pk is not None)
    first = services.message_move(**at(desk, two), way="up")
    services.message_move(**at(desk, three), way="up")
    assert shown(desk) == ["two", "three", "one"]
    with pytest.raises(ChangeLost):
        undo(desk, first)
    assert shown(desk) == ["two", "three", "one"]


def test_drafts_change_places_and_what_was_sent_does_not(desk: Desk, talk: list[UUID]) -> None:
    one = insert(desk, "d1", role="system", after=talk[3]).tip
    assert one is not None
    two = insert(desk, "d2", after=one).tip
    assert two is not None
    changed = services.message_move(**at(desk, two), way="up")
    assert (shown(desk)[-2:], changed.tip) == (["d2", "d1"], one)
    services.message_move(**at(desk, two), way="down")
    assert shown(desk)[-2:] == ["d1", "d2"]
    for message in (one, talk[3], talk[0]):
        with pytest.raises(NotADraft):
            services.message_move(**at(desk, message), way="up")
    with pytest.raises(NotADraft):
        services.message_move(**at(desk, two), way="down")


def test_nothing_is_taken_from_under_an_answer_that_streams(desk: Desk, talk: list[UUID]) -> None:
    question, answer = (message.pk for message in desk.open("q3").messages)
    with pytest.raises(StillStreaming):
        services.message_delete(**at(desk, question))
    with pytest.raises(StillStreaming):
        services.branch_delete(**at(desk, talk[0]))
    with pytest.raises(StillStreaming):
        services.message_edit(**at(desk, answer), words=Words("assistant", "x"))
    with pytest.raises(StillStreaming):
        insert(desk, "x", after=question)


def test_an_answer_keeps_the_place_it_was_given_while_its_end_is_written(
    desk: Desk, talk: list[UUID]
) -> None:
    opened = desk.open("q3")
    services.message_delete(**at(desk, talk[3]))
    ending = Ending(opened.exchanges[0].id, Exchange.State.COMPLETED, response("a3"), None)
    recordings_write(progress=(), endings=(ending,))
    assert shown(desk) == ["q1", "a1", "q2", "q3", "a3"]


def test_a_column_goes_on_from_where_it_is_told(desk: Desk, talk: list[UUID]) -> None:
    assert services.branch_continue(**at(desk, talk[1])) == talk[3]
    said(desk, "instead", "of it")
    assert shown(desk) == ["q1", "a1", "instead", "of it"]
    assert len(selectors.tree_shape(conversation_id=desk.conversation.pk).siblings(talk[2])) == 2


def test_a_branch_goes_into_a_conversation_of_its_own(desk: Desk, talk: list[UUID], bob: User) -> None:
    desk.conversation.visibility = Conversation.Visibility.TEAM
    desk.conversation.save()
    copy = services.branch_copy(
        person=bob, conversation_id=desk.conversation.pk, message_id=talk[1], title="Mine"
    )
    assert (copy.owner, copy.visibility, copy.title) == (bob, "private", "Mine")
    column = selectors.column_of(conversation=copy)
    branch = selectors.branch(conversation_id=copy.pk, leaf_id=column.leaf_id)
    source = Message.objects.get(pk=talk[1])
    assert [message.text for message in branch] == ["q1", "a1"]
    assert (branch[1].exchange, branch[1].origin) == (None, source.exchange)
    assert branch[0].author == desk.person
    # The run's own messages are still only the original's.
    assert source.exchange is not None
    assert [message.pk for message in selectors.choices_of(exchange=source.exchange)] == [talk[1]]
    # What was sent once is not rewritten in the copy either.
    edited = services.message_edit(
        person=bob, conversation_id=copy.pk, message_id=branch[1].pk, words=Words("assistant", "x")
    )
    assert edited.tip is not None


def test_a_provider_of_ones_own_stays_behind(desk: Desk, talk: list[UUID], bob: User) -> None:
    column = selectors.column_of(conversation=desk.conversation)
    desk.provider.owner = desk.person
    desk.provider.save()
    desk.conversation.visibility = Conversation.Visibility.TEAM
    desk.conversation.save()
    copy = services.branch_copy(
        person=bob, conversation_id=desk.conversation.pk, message_id=talk[1], title=""
    )
    assert selectors.column_of(conversation=copy).settings == column.settings | {"provider": "", "model": ""}


@pytest.mark.parametrize("visibility", ["private", "team"])
def test_who_may_only_look_changes_nothing(
    visibility: str, desk: Desk, talk: list[UUID], charlie: User
) -> None:
    Conversation.objects.update(visibility=visibility)
    change = insert(desk, "mine", after=talk[3])
    desk.person = charlie
    works: list[Callable[[], object]] = [
        lambda: services.message_delete(**at(desk, talk[1])),
        lambda: services.branch_delete(**at(desk, talk[1])),
        lambda: services.message_edit(**at(desk, talk[1]), words=Words("user", "x")),
        lambda: services.message_move(**at(desk, talk[1]), way="up"),
        lambda: services.branch_continue(**at(desk, talk[1])),
        lambda: insert(desk, "x", after=talk[1]),
        lambda: undo(desk, change),
    ]
    for work in works:
        with pytest.raises(Conversation.DoesNotExist):
            work()
    assert TreeChange.objects.count() == 1


def test_messages_of_another_conversation_are_not_there(desk: Desk, talk: list[UUID]) -> None:
    desk.conversation = services.conversation_create(owner=desk.person, settings={})
    for work in (services.message_delete, services.branch_delete, services.branch_continue):
        with pytest.raises(MessageGone):
            work(**at(desk, talk[1]))
    with pytest.raises(MessageGone):
        insert(desk, "x", after=talk[1])
    with pytest.raises(MessageGone):
        services.branch_copy(
            person=desk.person, conversation_id=desk.conversation.pk, message_id=talk[1], title=""
        )


def test_after_a_day_what_was_deleted_is_gone_for_good(desk: Desk, talk: list[UUID]) -> None:
    changed = services.branch_delete(**at(desk, talk[2]))
    assert services.changes_purge() == 0
    old = Message.everything.get(pk=talk[2]).deleted
    assert old is not None
    past = old - 2 * services.tree_change.KEPT_FOR
    Message.everything.filter(deleted__isnull=False).update(deleted=past)
    TreeChange.objects.update(created=past)
    assert services.changes_purge() >= 2
    assert Message.everything.filter(conversation=desk.conversation).count() == 2
    assert Exchange.objects.count() == 2
    with pytest.raises(ChangeLost):
        undo(desk, changed)
