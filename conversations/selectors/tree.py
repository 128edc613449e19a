"""Branches of a conversation's tree, as pages show them."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q, QuerySet

from conversations.models import Exchange, Message, Run
from conversations.tool_calls import RESULT_ROLES


def messages_shown() -> QuerySet[Message]:
    """Return messages as a page shows them: with their author, and with their exchange but for its bodies.

    In one query: of an exchange read a moment later the end could be there, beside a text from before it.
    """
    found = Message.objects.select_related("exchange__charge", "author")
    return found.defer("exchange__body", "exchange__response")


def branch_ids(*, conversation_id: UUID, leaf_id: UUID | None) -> list[UUID]:
    """Return the ids from the root to `leaf_id`. One query of two columns, however long the branch is."""
    if leaf_id is None:
        return []
    parents = dict(Message.objects.filter(conversation_id=conversation_id).values_list("id", "parent_id"))
    ids: list[UUID] = []
    at: UUID | None = leaf_id
    while at is not None and at in parents:
        ids.append(at)
        at = parents[at]
    return ids[::-1]


def branch(*, conversation_id: UUID, leaf_id: UUID | None, newest: int | None = None) -> list[Message]:
    """Return the messages from the root to `leaf_id`, with their exchange; only the `newest` ones if given."""
    ids = branch_ids(conversation_id=conversation_id, leaf_id=leaf_id)
    if newest is not None:
        ids = ids[-newest:]
    by_id = messages_shown().in_bulk(ids)
    return [by_id[pk] for pk in ids if pk in by_id]


def alternatives(*, conversation_id: UUID, messages: Iterable[Message]) -> dict[UUID, list[UUID]]:
    """Return, for each of these messages that has siblings, the ids of all of them in order, its own among them."""
    shown = list(messages)
    parents = {message.parent_id for message in shown}
    rows = Message.objects.filter(conversation_id=conversation_id).filter(
        Q(parent_id__in=parents - {None}) | (Q(parent_id=None) if None in parents else Q(pk__in=()))
    )
    children: dict[UUID | None, list[UUID]] = {}
    for pk, parent_id in rows.order_by("id").values_list("id", "parent_id"):
        children.setdefault(parent_id, []).append(pk)
    return {
        message.pk: siblings for message in shown if len(siblings := children.get(message.parent_id, [])) > 1
    }


def branch_from(*, conversation_id: UUID, leaf_id: UUID | None, start: UUID) -> list[Message]:
    """Return the messages of the branch to `leaf_id` from the message `start` on."""
    ids = branch_ids(conversation_id=conversation_id, leaf_id=leaf_id)
    count = len(ids) - ids.index(start) if start in ids else 0
    return branch(conversation_id=conversation_id, leaf_id=leaf_id, newest=count)


def branch_before(*, conversation_id: UUID, leaf_id: UUID | None, before: UUID, newest: int) -> list[Message]:
    """Return at most `newest` messages of the branch to `leaf_id` that come right before the message `before`."""
    ids = branch_ids(conversation_id=conversation_id, leaf_id=leaf_id)
    if before not in ids:
        return []
    parent = ids[ids.index(before) - 1] if ids[0] != before else None
    return branch(conversation_id=conversation_id, leaf_id=parent, newest=newest)


def choices_of(*, exchange: Exchange) -> list[Message]:
    """Return the messages that an exchange made, by choice."""
    return list(messages_shown().filter(exchange=exchange).order_by("choice", "id"))


def messages_of_run(*, run: Run) -> list[Message]:
    """Return what a run added to the tree: the user's message or the results of tools, then the answers in order."""
    answers = list(
        Message.objects.select_related("exchange__charge", "parent")
        .filter(exchange__run=run)
        .order_by("exchange_id", "choice", "id")
    )
    asked = {answer.parent_id: answer.parent for answer in answers if answer.parent is not None}
    return [*(said for parent in asked.values() for said in said_until(parent, run=run)), *answers]


def said_until(last: Message, *, run: Run) -> list[Message]:
    """Return what a run answers, and before it the other results of tools that it said. A query for each but the last."""
    said = [last]
    while said[0].role in RESULT_ROLES:
        before = said[0].parent
        # Results that were there before the run stay where they are: this run answers the last of them anew.
        if before is None or before.role not in RESULT_ROLES or before.created < run.created:
            break
        said.insert(0, before)
    return said
