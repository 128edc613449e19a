"""The conversation that a page shows: it hears at once what changes there, whoever changes it and wherever."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import DatabaseError

from conversations import selectors
from conversations.models import Conversation
from playground.nudges import Nudge
from playground.runtime import Runtime, nudge_send
from playground.socket_messages import Watch
from team.models import User
from upstream.formats.measures import moment_read

logger = logging.getLogger(__name__)

TEAM: Final = "team"
"""What every page listens to, beside its person and its conversation."""
RETRY: Final = 1.0
"""Seconds between tries to read a person's right while the database is away."""


def topic_of(conversation_id: object) -> str:
    """Return what the pages that show a conversation listen to."""
    return f"conversation:{conversation_id}"


def seen_of(conversation: Conversation) -> str:
    """Return how a page names the state of a conversation that it shows."""
    return conversation.updated.isoformat()


def conversation_changed(
    conversation: Conversation, *, tip: UUID | None = None, by: User | None = None
) -> None:
    """Tell every page that shows a conversation, and the lists that hold it. May be called from any thread.

    `tip` is the end of a branch that is new or was changed, `by` whoever did it.
    """
    nudge_send(topic_of(conversation.pk), _written_nudge(conversation, tip=tip, by=by))
    lists_changed(conversation)


def _written_nudge(conversation: Conversation, *, tip: UUID | None, by: User | None) -> Nudge:
    return Nudge(
        "changed",
        conversation=str(conversation.pk),
        message=str(tip) if tip else None,
        by=str(by.pk) if by else None,
        name=by.get_full_name() if by else None,
    )


def lists_changed(conversation: Conversation) -> None:
    """Tell whoever has this conversation in their list."""
    nudge_send(listed_for(conversation), Nudge("conversations"))


def listed_for(conversation: Conversation) -> object:
    """Return what the pages listen to that have this conversation in their list."""
    is_private = conversation.visibility == Conversation.Visibility.PRIVATE
    return conversation.owner_id if is_private else TEAM


def rights_changed(conversation: Conversation) -> None:
    """Let every page that shows a conversation see whether it still may, and every list whether it holds it."""
    nudge_send(topic_of(conversation.pk), Nudge("recheck"))
    nudge_send(topic_of(conversation.pk), Nudge("changed", conversation=str(conversation.pk)))
    nudge_send(TEAM, Nudge("conversations"))


@dataclass(frozen=True, slots=True)
class Found:
    """A conversation that may be watched; `missed`: what to tell a page that saw another state of it, in order."""

    missed: tuple[Nudge, ...] = ()


def find(user: User, wish: Watch) -> Found:
    """Read a conversation and what changed since a page saw it. Raises `Conversation.DoesNotExist`."""
    conversation = selectors.conversation_for(user=user, pk=wish.conversation_id)
    if not wish.seen or wish.seen == seen_of(conversation):
        return Found()
    seen = moment_read(wish.seen, zone=None)
    written = selectors.written_since(conversation_id=conversation.pk, moment=seen) if seen else []
    if not written:
        return Found((Nudge("changed", conversation=str(conversation.pk)),))
    return Found(tuple(_written_nudge(conversation, tip=each.tip, by=each.author) for each in written))


class Watching:
    """What one socket knows of the conversation on its page.

    Many changes by one person that the page has not taken yet are one. Those of several people are told one by one: a page
    leaves alone what itself did, and must not take that for all there is.
    """

    def __init__(
        self, parts: Runtime, user: User, reads: asyncio.Semaphore, wake: Callable[[], None]
    ) -> None:
        self._parts = parts
        self._user = user
        self._reads = reads
        self._wake = wake
        self._conversation_id: UUID | None = None
        self._allowed = False
        self._news: dict[tuple[str, bool], Nudge] = {}  # by who did it, and whether a branch is named

    async def begin(self, wish: Watch, listener: Any, *, refuse: Callable[[], Awaitable[None]]) -> None:
        """Watch a conversation, and no other one any more; tell at once where it changed since the page saw it."""
        self.end(listener)
        self._conversation_id = wish.conversation_id
        # Heard from now on and told once the right is known: nothing falls between the two.
        self._parts.nudges.listen(topic_of(wish.conversation_id), listener)
        found = await self._found(wish)
        if self._conversation_id != wish.conversation_id:
            return
        if found is None:
            self.end(listener)
            await refuse()
            return
        self._allowed = True
        # Both are told: the page may know the one and not the other. What was heard is about the newer state.
        heard, self._news = self._news, {}
        for nudge in (*found.missed, *heard.values()):
            self.heard(nudge)

    async def _found(self, wish: Watch) -> Found | None:
        while True:
            try:
                async with self._reads:
                    return await self._parts.in_database(find, self._user, wish)
            except Conversation.DoesNotExist:
                return None
            except DatabaseError as error:
                logger.warning("Conversation %s cannot be read now: %s", wish.conversation_id, error)
            await asyncio.sleep(RETRY)

    def heard(self, nudge: Nudge) -> None:
        """Note that the conversation changed."""
        if nudge.conversation != str(self._conversation_id):
            return
        key = (nudge.by or "", nudge.message is not None)
        before = self._news.get(key)
        if before is not None and before.message != nudge.message and nudge.by == str(self._user.pk):
            # The person has other tabs: which of the two this page did itself, it alone knows.
            self.heard(Nudge("changed", conversation=nudge.conversation))
        self._news[key] = nudge
        if self._allowed:
            self._wake()

    def take(self) -> dict[str, Any] | None:
        """Return the oldest of what is to be told to the page now, once."""
        if not self._allowed or not self._news:
            return None
        nudge = self._news.pop(next(iter(self._news)))
        own = nudge.by == str(self._user.pk)
        return {
            "conversation": nudge.conversation,
            "message": nudge.message,
            "by": None if own else nudge.name,
        }

    async def recheck(self, listener: Any, *, refuse: Callable[[], Awaitable[None]]) -> None:
        """Stop telling somebody who may not see the conversation any more."""
        watched = self._conversation_id
        if watched is None:
            return
        async with self._reads:
            visible = await self._parts.in_database(
                selectors.conversation_is_visible, user=self._user, pk=watched
            )
        if not visible and self._conversation_id == watched:
            self.end(listener)
            await refuse()

    def end(self, listener: Any) -> None:
        """Watch nothing any more."""
        if self._conversation_id is not None:
            self._parts.nudges.forget(topic_of(self._conversation_id), listener)
        self._conversation_id, self._allowed, self._news = None, False, {}
