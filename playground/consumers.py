"""The websocket of a page: follows live exchanges. The messages are described in docs/protocol.md."""

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from channels.generic.websocket import AsyncWebsocketConsumer

from conversations import selectors
from conversations.models import Exchange
from playground import frames
from playground.journal import Follower
from playground.nudges import person_group
from playground.runtime import Runtime, runtime
from playground.stats import stats_of
from team.models import User
from team.selectors import session_is_valid

HEARTBEAT = 25
"""Seconds between a page's pings; a page that misses an answer reconnects."""
WINDOW = 1_000_000
"""Bytes a page may be behind with its acknowledgements before we stop sending; the server itself has no back-pressure."""
SLOW_AFTER = 60.0
"""Seconds a page may stay that far behind before its socket is closed; it comes back and asks for what is missing."""
MESSAGE_LIMIT = 128_000
"""Characters of frames joined into one message."""
MAX_FOLLOWED = 256
"""Exchanges one page may follow at once."""
RATE = 50.0
BURST = 400.0
"""Messages a page may send per second, and at once."""
MAX_TEXT = 4096
"""Characters of one message from a page."""
CHECK_EVERY = 120.0
"""Seconds between checks that the person is still signed in and active."""
RETRY_KEPT = 1.0
"""Seconds between looks at an exchange that another process is still running."""


class ExchangeConsumer(AsyncWebsocketConsumer):
    """One socket per page, for every exchange on it.

    A follower is a number, not a queue: what is due is taken from the journal when the page can take it, so a slow page
    delays nobody and costs no memory.
    """

    open_sockets: ClassVar[set["ExchangeConsumer"]] = set()

    user: User
    runtime: Runtime
    followers: dict[int, Follower]
    kept: dict[int, asyncio.Task[None]]
    dirty: dict[int, None]
    wake: asyncio.Event
    tasks: list[asyncio.Task[None]]
    sent: int
    acked: int
    allowance: float
    allowance_at: float

    async def connect(self) -> None:
        """Accept a signed-in, active person; anybody else is told to sign in (close code 4401)."""
        user: object = self.scope.get("user")
        if not isinstance(user, User) or not user.is_active:
            await self.accept()
            await self._bye("signed_out", 4401)
            return
        self.user = user
        self.runtime = runtime()
        self.followers = {}
        self.dirty = {}
        self.wake = asyncio.Event()
        self.sent = self.acked = 0
        self.allowance, self.allowance_at = BURST, time.monotonic()
        self.kept = {}
        await self.accept()
        self.open_sockets.add(self)
        await self.channel_layer.group_add(person_group(user.pk), self.channel_name)
        await self._control(type="hello", heartbeat=HEARTBEAT)
        self.tasks = [asyncio.create_task(self._pump()), asyncio.create_task(self._watch_person())]

    async def disconnect(self, code: int) -> None:
        """Forget the page; the runs it followed go on."""
        del code
        if self not in self.open_sockets:
            return
        self.open_sockets.discard(self)
        for task in (*self.tasks, *self.kept.values()):
            task.cancel()
        for follower in self.followers.values():
            follower.close()
        await self.channel_layer.group_discard(person_group(self.user.pk), self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Take one message from the page; a bad one gets an answer, a flood gets the socket closed."""
        del bytes_data
        if self not in self.open_sockets:
            return
        if not self._allowed():
            await self._control(type="error", code="too_fast", message="Too many messages.", ref=None)
            await self.close(4429)
            return
        if text_data is None or len(text_data) > MAX_TEXT:
            await self._refuse("bad_message", "A message is a short JSON text.")
            return
        try:
            message = json.loads(text_data)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            await self._refuse("bad_message", "A message is a JSON object.")
            return
        await self._message(message)

    def _allowed(self) -> bool:
        now = time.monotonic()
        self.allowance = min(BURST, self.allowance + (now - self.allowance_at) * RATE) - 1
        self.allowance_at = now
        return self.allowance >= 0

    async def _message(self, message: Mapping[str, Any]) -> None:
        match message.get("type"):
            case "follow":
                await self._follow(message)
            case "unfollow":
                self._forget(message.get("ref"))
            case "ack":
                count = message.get("bytes")
                if isinstance(count, int) and self.acked < count <= self.sent:
                    self.acked = count
                    self.wake.set()
            case "ping":
                await self._control(type="pong")
            case _:
                await self._refuse("bad_message", "Unknown type.", message.get("ref"))

    async def _follow(self, message: Mapping[str, Any]) -> None:
        ref, after = _small(message.get("ref")), message.get("after", 0)
        exchange_id = _uuid(message.get("exchange"))
        if ref is None or not isinstance(after, int) or isinstance(after, bool) or exchange_id is None:
            await self._refuse("bad_message", "follow needs exchange, ref and after.", ref)
            return
        if len(self.followers) + len(self.kept) >= MAX_FOLLOWED:
            await self._refuse("too_many", "Too many exchanges are followed on this socket.", ref)
            return
        try:
            await self.runtime.in_database(selectors.exchange_state_for, user=self.user, pk=exchange_id)
        except Exchange.DoesNotExist:
            await self._refuse("unknown_exchange", "There is no such exchange.", ref)
            return
        self._forget(ref)
        if not await self._follow_live(ref, exchange_id, after):
            self.kept[ref] = asyncio.create_task(self._follow_kept(ref, exchange_id))

    async def _follow_live(self, ref: int, exchange_id: UUID, after: int) -> bool:
        def wake() -> None:
            self.dirty[ref] = None
            self.wake.set()

        follower = await self.runtime.journal.follow(exchange_id, after=after, wake=wake)
        if follower is None:
            return False
        self.followers[ref] = follower
        wake()
        return True

    async def _follow_kept(self, ref: int, exchange_id: UUID) -> None:
        """Send an exchange from the database; while another process runs it, look again until it has ended."""
        try:
            while True:
                body, ended = await self.runtime.in_database(kept_body, self.user, exchange_id)
                await self._data(frames.reset_encode(ref=ref, number=0, body=body))
                if ended or await self._follow_live(ref, exchange_id, 0):
                    return
                await asyncio.sleep(RETRY_KEPT)
        except Exchange.DoesNotExist:
            await self._refuse("unknown_exchange", "There is no such exchange any more.", ref)
        finally:
            self.kept.pop(ref, None)

    def _forget(self, ref: Any) -> None:
        if isinstance(ref, int):
            if follower := self.followers.pop(ref, None):
                follower.close()
            if task := self.kept.pop(ref, None):
                task.cancel()
            self.dirty.pop(ref, None)

    async def _pump(self) -> None:
        """Send what is due, for as long as the page keeps up."""
        while True:
            try:
                await asyncio.wait_for(self.wake.wait(), SLOW_AFTER if self.dirty else None)
            except TimeoutError:
                await self._bye("slow", 1013)
                return
            self.wake.clear()
            while self.dirty and self.sent - self.acked < WINDOW:
                ref = next(iter(self.dirty))
                follower = self.followers.get(ref)
                taken = follower.take(MESSAGE_LIMIT) if follower else None
                if taken is None or follower is None:
                    self.dirty.pop(ref, None)
                    continue
                encode = frames.reset_encode if taken.reset else frames.message_encode
                await self._data(encode(ref=ref, number=taken.number, body=taken.body))
                if taken.ended:
                    self._forget(ref)

    async def _data(self, text: str) -> None:
        self.sent += len(text) if text.isascii() else len(text.encode())
        await self.send(text)

    async def _control(self, **message: Any) -> None:
        await self.send(json.dumps(message))

    async def _refuse(self, code: str, text: str, ref: Any = None) -> None:
        await self._control(type="error", code=code, message=text, ref=_small(ref))

    async def _bye(self, reason: str, code: int) -> None:
        await self._control(type="bye", code=reason)
        await self.close(code)

    async def _watch_person(self) -> None:
        while True:
            await asyncio.sleep(CHECK_EVERY)
            session_key = getattr(self.scope.get("session"), "session_key", None)
            valid = await self.runtime.in_database(
                session_is_valid, user_id=self.user.pk, session_key=session_key
            )
            if not valid:
                await self._bye("signed_out", 4401)
                return

    async def conversations_changed(self, event: Mapping[str, Any]) -> None:
        """Tell the page that the person's list of conversations changed."""
        del event
        await self._control(type="conversations")

    async def person_signed_out(self, event: Mapping[str, Any]) -> None:
        """Close the socket of a session that ended; without a session in the event, of all but the one that is kept."""
        session_key = getattr(self.scope.get("session"), "session_key", None)
        if event["session"] == session_key or (event["session"] is None and event["kept"] != session_key):
            await self._bye("signed_out", 4401)


async def close_all(code: int = 1012) -> None:
    """Close every socket of this process with a goodbye; pages reconnect, to another process or to the next one."""
    for socket in list(ExchangeConsumer.open_sockets):
        with contextlib.suppress(Exception):
            await socket._bye("shutdown", code)


def kept_body(user: User, exchange_id: UUID) -> tuple[str, bool]:
    """Return the updates that rebuild an exchange from what is kept, and whether it has ended."""
    exchange = selectors.exchange_for(user=user, pk=exchange_id)
    if exchange.state in Exchange.LIVE:
        return frames.state_encode(exchange.state), False
    stats = stats_of(timing=exchange.timing, tokens_in=exchange.tokens_in, tokens_out=exchange.tokens_out)
    ending = frames.end_encode(state=exchange.state, error=exchange.error, stats=dict(stats))
    answers = selectors.choices_of(exchange=exchange)
    return frames.kept_encode(answers, usage=exchange.usage, ending=ending), True


def _small(ref: Any) -> int | None:
    return ref if isinstance(ref, int) and not isinstance(ref, bool) and 0 <= ref < 2**31 else None


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
