"""What a socket does by the clock: wait for slow pages, look again at rights, ask again for what cannot be read now."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar, cast
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError

from conversations.models import Conversation, Exchange
from conversations.services import Ending, Progress, ResponseHead, recordings_write
from playground.consumers import ExchangeConsumer
from playground.frames import dumps
from playground.journal import MemoryJournal
from playground.kept import KEPT_FROM
from playground.nudges import Nudge, Nudges
from playground.runtime import Runtime
from playground.socket_bounds import MESSAGE_LIMIT, WINDOW
from team.models import User
from tests.desk import Desk

pytestmark = pytest.mark.django_db(transaction=True)
P = ParamSpec("P")
R = TypeVar("R")
PATIENCE = 20.0
HEAD = ResponseHead(200, "OK", "HTTP/1.1", (("Content-Type", "text/event-stream"),), (), {})


class NoRuns:
    """Nothing runs in this process, so every right is read from the database."""

    def is_run_by(self, *_exchange_and_person: object) -> bool:
        return False


@dataclass
class Parts:
    """What a socket uses of a runtime. `faults` are raised by the next reads of the database, in order."""

    journal: MemoryJournal = field(default_factory=MemoryJournal)
    nudges: Nudges = field(default_factory=Nudges)
    runs: NoRuns = field(default_factory=NoRuns)
    faults: list[Exception] = field(default_factory=list)
    recovered: asyncio.Event = field(default_factory=asyncio.Event)

    async def in_database(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        if not self.faults:
            self.recovered.set()
        if self.faults:
            raise self.faults.pop(0)
        return await database_sync_to_async(function)(*args, **kwargs)


@dataclass
class Watched:
    """A page's end of a socket of this process."""

    communicator: WebsocketCommunicator
    session_key: str

    async def say(self, **message: Any) -> None:
        await self.communicator.send_to(text_data=json.dumps(message))

    async def follow(self, exchange: UUID, after: int = 0, ref: int = 1) -> None:
        await self.say(type="follow", exchange=str(exchange), ref=ref, after=after)

    async def hear(self) -> dict[str, Any]:
        event = await self.communicator.receive_output(timeout=PATIENCE)
        message: dict[str, Any] = json.loads(event["text"])
        return message | {"size": len(event["text"].encode())}

    async def close_code(self) -> int:
        """Return the close code, reading over whatever comes before it."""
        while True:
            event = await self.communicator.receive_output(timeout=PATIENCE)
            if event["type"] == "websocket.close":
                return int(event["code"])


@asynccontextmanager
async def socket_open(person: User, parts: Parts, **options: Any) -> AsyncIterator[Watched]:
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    await database_sync_to_async(session.save)()
    app = ExchangeConsumer.as_asgi(parts=cast("Runtime", parts), **options)
    cookie = f"sessionid={session.session_key}".encode()
    communicator = WebsocketCommunicator(app, "/ws/exchanges/", headers=[(b"cookie", cookie)])
    assert (await communicator.connect())[0]
    watched = Watched(communicator, str(session.session_key))
    try:
        assert (await watched.hear())["type"] == "hello"
        yield watched
    finally:
        await communicator.disconnect()


@pytest_asyncio.fixture
async def parts() -> AsyncIterator[Parts]:
    parts = Parts()
    yield parts
    await parts.journal.close()


async def begin(desk: Desk, parts: Parts) -> UUID:
    """Open a run whose frames the test writes itself."""
    exchange = (await database_sync_to_async(desk.open)()).exchanges[0].id
    parts.journal.begin(exchange, stop=lambda: None)
    return exchange


def content(text: str) -> str:
    return dumps(["c", 0, text])


# Slow pages


async def test_a_page_that_acknowledges_nothing_gets_a_window_full_and_the_rest_once_it_does(
    desk: Desk, parts: Parts
) -> None:
    exchange = await begin(desk, parts)
    for _ in range(40):
        parts.journal.append(exchange, content("x" * 99_000))
    async with socket_open(desk.person, parts) as page:
        await page.follow(exchange)
        received = count = 0
        while received < WINDOW:
            message = await page.hear()
            received, count = received + message["size"], count + len(message["u"])
        assert await page.communicator.receive_nothing()
        assert received <= WINDOW + MESSAGE_LIMIT * 2
        await page.say(type="ack", bytes=received)
        while count < 40:
            message = await page.hear()
            received, count = received + message["size"], count + len(message["u"])
            await page.say(type="ack", bytes=received)
    assert count == 40


async def test_a_page_that_stays_behind_is_closed_even_while_frames_keep_coming(
    desk: Desk, parts: Parts
) -> None:
    exchange = await begin(desk, parts)
    for _ in range(12):
        parts.journal.append(exchange, content("x" * 99_000))

    async def stream() -> None:
        while True:
            parts.journal.append(exchange, content("x"))
            await asyncio.sleep(0.01)  # the pace of an upstream; the test waits for the close

    async with socket_open(desk.person, parts, slow_after=0.3) as page:
        streaming = asyncio.create_task(stream())
        await page.follow(exchange)
        assert await page.close_code() == 1013
        streaming.cancel()


async def test_a_slow_page_holds_up_no_other(desk: Desk, parts: Parts) -> None:
    exchange = await begin(desk, parts)
    async with socket_open(desk.person, parts) as slow, socket_open(desk.person, parts) as quick:
        await slow.follow(exchange)
        await quick.follow(exchange)
        received = 0
        for _ in range(30):
            parts.journal.append(exchange, content("x" * 99_000))
            message = await quick.hear()
            received += message["size"]
            await quick.say(type="ack", bytes=received)
        assert received > 2 * WINDOW
        await slow.say(type="ping")
        while (await slow.hear()).get("type") != "pong":
            pass


async def test_a_large_kept_answer_comes_in_portions_within_the_window(desk: Desk, parts: Parts) -> None:
    exchange = (await database_sync_to_async(desk.open)()).exchanges[0].id
    text = "ä" * 1_500_000
    choices = [{"index": 0, "message": {"content": text}, "finish_reason": "stop"}]
    ending = Ending(exchange, Exchange.State.COMPLETED, {"choices": choices}, None)
    await database_sync_to_async(recordings_write)(progress=(), endings=(ending,))
    async with socket_open(desk.person, parts) as page:
        await page.follow(exchange)
        got, received, resets = "", 0, 0
        while True:
            message = await page.hear()
            received, resets = received + message["size"], resets + bool(message.get("reset"))
            assert message["n"] >= KEPT_FROM
            got += "".join(update[2] for update in message["u"] if update[0] == "c")
            if message["u"][-1][0] == "end":
                break
            if received > WINDOW:
                await page.say(type="ack", bytes=received)
    assert (got, resets) == (text, 1)


# Rights


async def test_a_session_that_ended_without_a_word_is_noticed(desk: Desk, parts: Parts) -> None:
    async with socket_open(desk.person, parts, check_every=0.05) as page:
        await database_sync_to_async(SessionStore().model.objects.all().delete)()
        assert await page.close_code() == 4401


async def test_a_person_who_was_deactivated_without_a_word_is_noticed(desk: Desk, parts: Parts) -> None:
    async with socket_open(desk.person, parts, check_every=0.05) as page:
        desk.person.is_active = False
        await database_sync_to_async(desk.person.save)()
        assert await page.close_code() == 4401


async def test_who_may_no_longer_see_an_exchange_gets_nothing_more_of_it(
    desk: Desk, parts: Parts, bob: User
) -> None:
    desk.conversation.visibility = Conversation.Visibility.TEAM
    await database_sync_to_async(desk.conversation.save)()
    exchange = await begin(desk, parts)
    parts.journal.append(exchange, content("seen"))
    async with socket_open(bob, parts, check_every=0.05) as page:
        await page.follow(exchange)
        assert (await page.hear())["u"] == [["c", 0, "seen"]]
        desk.conversation.visibility = Conversation.Visibility.PRIVATE
        await database_sync_to_async(desk.conversation.save)()
        message = await page.hear()
        assert (message["type"], message["code"], message["ref"]) == ("error", "unknown_exchange", 1)
        parts.journal.append(exchange, content("unseen"))
        assert await page.communicator.receive_nothing()


async def test_a_nudge_makes_a_socket_look_again_at_once(desk: Desk, parts: Parts) -> None:
    async with socket_open(desk.person, parts) as page:
        await database_sync_to_async(SessionStore().model.objects.all().delete)()
        parts.nudges.deliver_all(Nudge("recheck"))
        assert await page.close_code() == 4401


async def test_signing_out_everywhere_keeps_the_one_session_that_is_named(desk: Desk, parts: Parts) -> None:
    async with socket_open(desk.person, parts) as kept, socket_open(desk.person, parts) as other:
        parts.nudges.send(desk.person.pk, Nudge("signed_out", kept=kept.session_key))
        assert await other.close_code() == 4401
        await kept.say(type="ping")
        assert (await kept.hear())["type"] == "pong"


async def test_a_database_that_is_away_at_the_check_signs_nobody_out(desk: Desk, parts: Parts) -> None:
    async with socket_open(desk.person, parts, check_every=0.02) as page:
        parts.faults = [OperationalError("gone")] * 3
        parts.recovered.clear()
        async with asyncio.timeout(PATIENCE):
            await parts.recovered.wait()
        await page.say(type="ping")
        assert (await page.hear())["type"] == "pong"


# What cannot be read now


async def test_following_while_the_database_is_away_begins_once_it_is_back(desk: Desk, parts: Parts) -> None:
    exchange = await begin(desk, parts)
    parts.journal.append(exchange, content("here"))
    async with socket_open(desk.person, parts) as page:
        parts.faults = [OperationalError("gone")] * 3
        await page.follow(exchange)
        assert (await page.hear())["u"] == [["c", 0, "here"]]


async def test_an_exchange_that_runs_where_it_cannot_be_followed_grows_from_what_is_kept(
    desk: Desk, parts: Parts
) -> None:
    exchange = (await database_sync_to_async(desk.open)()).exchanges[0].id

    async def record(sequence: int, text: str) -> None:
        chunk = {"choices": [{"index": 0, "delta": {"content": text}}]}
        progress = Progress(exchange, sequence, ((f"data: {dumps(chunk)}\n\n".encode(), 1.0),), HEAD)
        await database_sync_to_async(recordings_write)(progress=(progress,), endings=())

    async with socket_open(desk.person, parts) as page:
        await page.follow(exchange)
        message = await page.hear()
        assert (message["n"], message["reset"], message["u"]) == (KEPT_FROM, True, [["s", "queued"]])
        await record(0, "Hel")
        assert (await page.hear())["u"] == [["s", "streaming"], ["c", 0, "Hel"]]
        await record(1, "lo")
        message = await page.hear()
        assert message["u"] == [["s", "streaming"], ["c", 0, "Hello"]]
        assert message["reset"]
        parts.journal.begin(exchange, stop=lambda: None)  # its frames can be had again
        parts.journal.append(exchange, content("Hello again"))
        message = await page.hear()
        assert (message["n"], message["reset"], message["u"]) == (1, True, [["c", 0, "Hello again"]])


async def test_frames_that_are_lost_are_replaced_by_what_is_kept(desk: Desk, parts: Parts) -> None:
    exchange = await begin(desk, parts)
    parts.journal.append(exchange, content("Hel"))
    async with socket_open(desk.person, parts) as page:
        await page.follow(exchange)
        await page.hear()
        choices = [{"index": 0, "message": {"content": "Hello"}}]
        ending = Ending(exchange, Exchange.State.INTERRUPTED, {"choices": choices}, None)
        await database_sync_to_async(recordings_write)(progress=(), endings=(ending,))
        frames = parts.journal.frames(exchange)
        assert frames is not None
        parts.journal._forget(exchange)
        frames.lose()
        message = await page.hear()
        assert message["reset"]
        assert message["u"][0] == ["c", 0, "Hello"]
        assert message["u"][-1][1]["state"] == "interrupted"


async def test_an_exchange_deleted_while_it_is_looked_for_is_unknown(desk: Desk, parts: Parts) -> None:
    exchange = (await database_sync_to_async(desk.open)()).exchanges[0].id
    async with socket_open(desk.person, parts) as page:
        await page.follow(exchange)
        await page.hear()
        await database_sync_to_async(desk.conversation.delete)()
        message = await page.hear()
        assert (message["code"], message["ref"]) == ("unknown_exchange", 1)


async def test_a_defect_of_ours_closes_the_socket_instead_of_leaving_it_silent(
    desk: Desk, parts: Parts
) -> None:
    async with socket_open(desk.person, parts) as page:
        parts.faults = [ZeroDivisionError("ours")]
        await page.follow(uuid4())
        assert await page.close_code() == 1011
