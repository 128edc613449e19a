"""What changed while a page was not listening, or was just told of something else, is told to it all the same."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ParamSpec, TypeVar
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from channels.db import database_sync_to_async

from conversations import services
from conversations.models import Conversation
from conversations.services import Below
from conversations.written import Written
from playground.nudges import Nudge
from playground.watching import find, seen_of, topic_of
from team.models import User
from team.selectors import session_is_valid
from tests.desk import Desk, desk_make
from tests.playground.test_socket_watch import Parts, Watched, socket_open

pytestmark = pytest.mark.django_db(transaction=True)
P = ParamSpec("P")
R = TypeVar("R")
PATIENCE = 20.0


@dataclass
class HeldParts(Parts):
    """Holds what was read of the conversation until the test lets it go."""

    was_read: asyncio.Event = field(default_factory=asyncio.Event)
    checked: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def in_database(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        result = await super().in_database(function, *args, **kwargs)
        if function is find:
            self.was_read.set()
            await asyncio.wait_for(self.go.wait(), PATIENCE)
        elif isinstance(function, partial) and function.func is session_is_valid:
            self.checked.set()
        return result


@pytest.fixture
def desk(alice: User) -> Desk:
    desk = desk_make(alice)
    desk.conversation.visibility = Conversation.Visibility.TEAM_EDIT
    desk.conversation.save()
    return desk


@pytest_asyncio.fixture
async def parts() -> AsyncIterator[HeldParts]:
    parts = HeldParts()
    yield parts
    await parts.journal.close()


@database_sync_to_async
def write(desk: Desk, person: User, text: str, *, below: UUID | None = None) -> str:
    message = services.message_add(
        person=person,
        conversation_id=desk.conversation.pk,
        written=Written.of_text(text),
        below=Below(below),
    )
    return str(message.pk)


def changed(desk: Desk, person: User, tip: str) -> Nudge:
    conversation = str(desk.conversation.pk)
    return Nudge("changed", conversation=conversation, message=tip, by=str(person.pk), name=person.username)


async def told(page: Watched, count: int) -> list[tuple[Any, Any]]:
    """What the page is told, `count` times, as (message, by)."""
    heard = [await page.hear() for _ in range(count)]
    return [(each["message"], each["by"]) for each in heard]


async def test_what_others_did_is_told_beside_what_one_did_oneself(
    desk: Desk, parts: HeldParts, bob: User
) -> None:
    parts.go.set()
    topic = topic_of(desk.conversation.pk)
    async with socket_open(desk.person, parts) as page:
        await page.say(type="watch", conversation=str(desk.conversation.pk), seen="of another time")
        assert await told(page, 1) == [(None, None)]
        before, his, own = (str(uuid4()) for _ in range(3))
        for who, tip in ((bob, before), (bob, his), (desk.person, own)):
            parts.nudges.deliver(topic, changed(desk, who, tip))
        assert await told(page, 2) == [(his, bob.username), (own, None)]


async def test_what_was_missed_is_told_beside_what_was_heard_meanwhile(
    desk: Desk, parts: HeldParts, bob: User
) -> None:
    seen = seen_of(desk.conversation)
    his = await write(desk, bob, "missed")
    async with socket_open(desk.person, parts) as page:
        await page.say(type="watch", conversation=str(desk.conversation.pk), seen=seen)
        await asyncio.wait_for(parts.was_read.wait(), PATIENCE)
        own = str(uuid4())
        parts.nudges.deliver(topic_of(desk.conversation.pk), changed(desk, desk.person, own))
        parts.go.set()
        assert await told(page, 2) == [(his, bob.username), (own, None)]


async def test_what_others_wrote_is_told_to_who_came_back_and_wrote_themselves(
    desk: Desk, parts: HeldParts, bob: User
) -> None:
    """A page that could send but not listen shows its own message: told of that alone it would leave it there."""
    parts.go.set()
    seen = seen_of(desk.conversation)
    his = await write(desk, bob, "from Bob")
    own = await write(desk, desk.person, "from Alice")
    async with socket_open(desk.person, parts) as page:
        await page.say(type="watch", conversation=str(desk.conversation.pk), seen=seen)
        assert await told(page, 2) == [(his, bob.username), (own, None)]


async def test_a_branch_on_which_two_wrote_is_told_once(desk: Desk, parts: HeldParts, bob: User) -> None:
    parts.go.set()
    seen = seen_of(desk.conversation)
    own = await write(desk, desk.person, "from Alice")
    his = await write(desk, bob, "below it", below=UUID(own))
    async with socket_open(desk.person, parts) as page:
        await page.say(type="watch", conversation=str(desk.conversation.pk), seen=seen)
        assert await told(page, 1) == [(his, bob.username)]
        await page.say(type="ping")
        assert (await page.hear())["type"] == "pong"


async def test_two_tabs_of_one_person_hear_of_each_other(desk: Desk, parts: HeldParts) -> None:
    """Each knows what it did itself: told of that alone it would never look for what the other did."""
    parts.go.set()
    async with socket_open(desk.person, parts) as page:
        await page.say(type="watch", conversation=str(desk.conversation.pk), seen="of another time")
        assert await told(page, 1) == [(None, None)]
        elsewhere, here = str(uuid4()), str(uuid4())
        for tip in (elsewhere, here):
            parts.nudges.deliver(topic_of(desk.conversation.pk), changed(desk, desk.person, tip))
        assert sorted(await told(page, 2), key=str) == sorted([(here, None), (None, None)], key=str)


async def test_who_may_no_longer_see_it_is_told_even_while_it_was_just_read(
    desk: Desk, parts: HeldParts, bob: User
) -> None:
    async with socket_open(bob, parts) as page:
        await page.say(type="watch", conversation=str(desk.conversation.pk))
        await asyncio.wait_for(parts.was_read.wait(), PATIENCE)
        desk.conversation.visibility = Conversation.Visibility.PRIVATE
        await database_sync_to_async(desk.conversation.save)()
        parts.nudges.deliver_all(Nudge("recheck"))
        await asyncio.wait_for(parts.checked.wait(), PATIENCE)
        await page.say(type="ping")
        heard = await page.hear()
        if heard["type"] == "pong":
            parts.go.set()
            heard = await page.hear()
        assert (heard["type"], heard["code"]) == ("error", "unknown_conversation")
        parts.go.set()
        parts.nudges.deliver(topic_of(desk.conversation.pk), changed(desk, desk.person, str(uuid4())))
        await page.say(type="ping")
        assert (await page.hear())["type"] == "pong"


async def test_a_page_hears_that_it_may_have_missed_something(desk: Desk, parts: HeldParts) -> None:
    async with socket_open(desk.person, parts) as page:
        parts.nudges.deliver_all(Nudge("missed"))
        assert (await page.hear())["type"] == "missed"
