"""The websocket of a page: follows live exchanges. The messages are described in docs/protocol.md."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Coroutine, Mapping
from functools import partial
from typing import Any, ClassVar, Final
from uuid import UUID

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import DatabaseError

from conversations import selectors
from conversations.models import Exchange
from playground import frames, lifecycle
from playground.followed import Followed
from playground.kept import KEPT_FROM, Kept, kept_of
from playground.nudges import Nudge
from playground.runtime import Runtime, runtime
from playground.socket_bounds import MAX_FOLLOWED, MESSAGE_LIMIT, READS, SLOW_AFTER, Allowance, Bell, Window
from playground.socket_messages import follow_parse, message_parse, session_key_of, watch_parse, whole
from playground.watching import TEAM, Watching
from team.selectors import session_is_valid, session_person

logger = logging.getLogger(__name__)

HEARTBEAT: Final = 25
"""Seconds between a page's pings; a page that misses an answer reconnects."""
GATHER: Final = 0.2
"""Seconds in which changes of the list of conversations are told as one."""
CHECK_EVERY: Final = 120.0
"""Seconds between checks that the person is still signed in, and may still see what they follow."""
RETRY_FIRST: Final = 0.05
RETRY_LAST: Final = 1.0
"""Seconds between looks at an exchange whose frames are not to be had: it has just begun elsewhere, or Redis is away."""


class ExchangeConsumer(AsyncWebsocketConsumer):
    """One socket per page, for every exchange on it.

    A follower is a number, not a queue: what is due is taken from the journal when the page can take it, so a slow page
    delays nobody and costs no memory.
    """

    open_sockets: ClassVar[set["ExchangeConsumer"]] = set()
    channel_layer_alias = ""  # none: see playground.nudges

    def __init__(
        self,
        *,
        parts: Runtime | None = None,
        check_every: float = CHECK_EVERY,
        slow_after: float = SLOW_AFTER,
    ) -> None:
        super().__init__()
        self._parts = parts
        self._check_every = check_every
        self._slow_after = slow_after
        self._followed: dict[int, Followed] = {}
        self._due: dict[int, None] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._list_changed = False
        self._watch_task: asyncio.Task[None] | None = None
        self._list_timer: asyncio.TimerHandle | None = None
        self._window = Window()
        self._allowance = Allowance()
        self._wake = Bell()
        self._check_due = asyncio.Event()
        self._kept_turn = asyncio.Lock()
        self._reads = asyncio.Semaphore(READS)

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Call the handler at once: Channels would first hop through its one thread to close database connections."""
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        """Accept a signed-in, active person; anybody else is told to sign in (close code 4401)."""
        await self.accept()
        if lifecycle.closing:
            await self._bye("shutdown", 1012)
            return
        self.parts = self._parts or runtime()
        self._session_key = session_key_of(self.scope)
        # Not by Channels' middleware: it reads in the one thread that all sockets share, and sees every message we send.
        try:
            user = await self.parts.in_database(session_person, session_key=self._session_key)
        except DatabaseError as error:
            logger.warning("Who opened a socket cannot be read now: %s", error)
            await self._bye("unavailable", 1013)
            return
        if user is None:
            await self._bye("signed_out", 4401)
            return
        self.user = user
        self.open_sockets.add(self)
        self._watching = Watching(self.parts, user, self._reads, self._wake.ring)
        for topic in (user.pk, TEAM):
            self.parts.nudges.listen(topic, self)
        await self._control(type="hello", heartbeat=HEARTBEAT)
        self._tasks = [self._begin(self._pump()), self._begin(self._watch_person())]

    async def disconnect(self, code: int) -> None:
        """Forget the page; the runs it followed go on."""
        del code
        self._let_go()

    def _let_go(self) -> None:
        if self not in self.open_sockets:
            return
        self.open_sockets.discard(self)
        for topic in (self.user.pk, TEAM):
            self.parts.nudges.forget(topic, self)
        self._watching.end(self)
        for ref in list(self._followed):
            self._forget(ref)
        if self._list_timer is not None:
            self._list_timer.cancel()
        for task in [*self._tasks, self._watch_task]:
            if task is not None and task is not asyncio.current_task():
                task.cancel()

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do something beside what the page says; a defect of ours closes the socket instead of leaving it silent."""

        async def guarded() -> None:
            try:
                await work
            except Exception:
                logger.exception("A socket met an unexpected error")
                await self._close(1011)

        return asyncio.create_task(guarded())

    # What the page says

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Take one message from the page; a bad one gets an answer, a flood gets the socket closed."""
        del bytes_data
        if self not in self.open_sockets:
            return
        if not self._allowance.take():
            await self._refuse("too_fast", "Too many messages.")
            await self._close(4429)
            return
        message = message_parse(text_data)
        if message is None:
            await self._refuse("bad_message", "A message is a short JSON object.")
            return
        await self._message(message)

    async def _message(self, message: Mapping[str, Any]) -> None:
        match message.get("type"):
            case "follow":
                await self._follow(message)
            case "unfollow":
                if (ref := whole(message.get("ref"))) is not None:
                    self._forget(ref)
            case "watch":
                await self._watch(message)
            case "ack":
                self._window.acked(whole(message.get("bytes"), below=2**53) or 0)
            case "ping":
                await self._control(type="pong")
            case _:
                await self._refuse("bad_message", "Unknown type.", message.get("ref"))

    async def _follow(self, message: Mapping[str, Any]) -> None:
        wish = follow_parse(message)
        if wish is None:
            await self._refuse("bad_message", "follow needs exchange, ref and after.", message.get("ref"))
            return
        self._forget(wish.ref)
        if len(self._followed) >= MAX_FOLLOWED:
            await self._refuse("too_many", "Too many exchanges are followed on this socket.", wish.ref)
            return
        self._seek(wish.ref, Followed(wish.exchange_id, wish.after))

    async def _watch(self, message: Mapping[str, Any]) -> None:
        wish = watch_parse(message)
        if wish is None:
            await self._refuse("bad_message", "watch needs a conversation.")
            return
        if self._watch_task is not None:
            self._watch_task.cancel()
        self._watch_task = self._begin(self._watching.begin(wish, self, refuse=self._nothing_to_watch))

    async def _nothing_to_watch(self) -> None:
        await self._refuse("unknown_conversation", "There is no such conversation.")

    # Which frames to send

    def _seek(self, ref: int, followed: Followed) -> None:
        """Begin to look for an exchange's frames, beside whatever else the page says."""
        self._followed[ref] = followed
        followed.follower = None
        followed.task = self._begin(self._let_in(ref, followed))

    async def _let_in(self, ref: int, followed: Followed) -> None:
        """Attach the page to the live frames; while there are none, send what is kept, until the exchange has ended."""
        pause = RETRY_FIRST
        shown: int | None = None
        while True:
            try:
                if await self._attach(ref, followed):
                    return
                kept = await self._read_kept(followed.exchange_id)
            except Exchange.DoesNotExist:
                self._forget(ref)
                await self._refuse("unknown_exchange", "There is no such exchange.", ref)
                return
            except DatabaseError as error:
                logger.warning("Exchange %s cannot be read now: %s", followed.exchange_id, error)
            else:
                if hash(kept.bodies) != shown:
                    await self._send_kept(ref, kept)
                    shown = hash(kept.bodies)
                    followed.after = -1  # the frames, should they come, start over
                if kept.ended:
                    self._forget(ref)
                    return
            await asyncio.sleep(pause)
            pause = min(pause * 2, RETRY_LAST)

    async def _attach(self, ref: int, followed: Followed) -> bool:
        """Check the person's right, then read the live frames if there are any. Raises Exchange.DoesNotExist."""

        def wake() -> None:
            self._due[ref] = None
            self._wake.ring()

        exchange_id = followed.exchange_id
        if not self.parts.runs.is_run_by(exchange_id, self.user.pk):
            async with self._reads:
                await self.parts.in_database(selectors.exchange_state_for, user=self.user, pk=exchange_id)
        follower = await self.parts.journal.follow(exchange_id, after=followed.after, wake=wake)
        if follower is None:
            return False
        if self._followed.get(ref) is not followed:  # unfollowed meanwhile
            follower.close()
            return True
        followed.follower, followed.task = follower, None
        wake()
        return True

    async def _read_kept(self, exchange_id: UUID) -> Kept:
        async with self._reads:
            return await self.parts.in_database(kept_of, self.user, exchange_id, MESSAGE_LIMIT)

    async def _send_kept(self, ref: int, kept: Kept) -> None:
        """Send what is kept in place of whatever the page shows; one at a time, as fast as the page takes it."""
        async with self._kept_turn:
            for number, body in enumerate(kept.bodies):
                if not await self._has_room():
                    return
                encode = frames.message_encode if number else frames.reset_encode
                await self._data(encode(ref=ref, number=KEPT_FROM + number, body=body))

    def _forget(self, ref: int) -> None:
        followed = self._followed.pop(ref, None)
        if followed is None:
            return
        self._due.pop(ref, None)
        if followed.follower is not None:
            followed.follower.close()
        if followed.task is not None and followed.task is not asyncio.current_task():
            followed.task.cancel()

    # Sending

    async def _pump(self) -> None:
        """Send what is due, for as long as the page keeps up."""
        while True:
            await self._wake.rung()
            if self._list_changed:
                self._list_changed = False
                self._list_timer = None
                await self._control(type="conversations")
            while news := self._watching.take():
                await self._control(type="changed", **news)
            while self._due:
                if self._window.full and not await self._has_room():
                    return
                await self._send_due(next(iter(self._due)))

    async def _send_due(self, ref: int) -> None:
        del self._due[ref]
        followed = self._followed[ref]
        follower = followed.follower
        if follower is None:
            return
        taken = follower.take(MESSAGE_LIMIT)
        if taken is None:
            if follower.lost:
                follower.close()
                followed.after = -1
                self._seek(ref, followed)
            return
        self._due[ref] = None  # there may be more; the others come first
        encode = frames.reset_encode if taken.reset else frames.message_encode
        await self._data(encode(ref=ref, number=taken.number, body=taken.body))
        if taken.ended:
            self._forget(ref)

    async def _has_room(self) -> bool:
        """Wait until the page has taken in enough of what was sent; close the socket of one that does not."""
        try:
            async with asyncio.timeout(self._slow_after):
                await self._window.room()
        except TimeoutError:
            await self._bye("slow", 1013)
            return False
        return True

    async def _data(self, text: str) -> None:
        self._window.sent(text)
        await self.base_send({"type": "websocket.send", "text": text, "bytes": None})

    async def _control(self, **message: Any) -> None:
        await self.send(json.dumps(message))

    async def _refuse(self, code: str, text: str, ref: Any = None) -> None:
        await self._control(type="error", code=code, message=text, ref=whole(ref))

    async def _bye(self, reason: str, code: int) -> None:
        await self._control(type="bye", code=reason)
        await self._close(code)

    async def _close(self, code: int) -> None:
        await self.close(code)
        self._let_go()

    # Whether the person may still be here

    async def _watch_person(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._check_every):
                    await self._check_due.wait()
            self._check_due.clear()
            try:
                if not await self._check():
                    await self._bye("signed_out", 4401)
                    return
            except DatabaseError as error:
                logger.warning("Whether %s is still signed in cannot be read now: %s", self.user.pk, error)

    async def _check(self) -> bool:
        """Say whether the session is valid; stop sending what the person may not see any more."""
        check = partial(session_is_valid, user_id=self.user.pk, session_key=self._session_key)
        async with self._reads:
            valid = await self.parts.in_database(check)
        followed = {ref: each.exchange_id for ref, each in self._followed.items()}
        if valid and followed:
            readable = partial(selectors.exchanges_visible, user=self.user, ids=set(followed.values()))
            async with self._reads:
                visible = await self.parts.in_database(readable)
            for ref in [ref for ref, exchange_id in followed.items() if exchange_id not in visible]:
                self._forget(ref)
                await self._refuse("unknown_exchange", "There is no such exchange any more.", ref)
        if valid:
            await self._watching.recheck(self, refuse=self._nothing_to_watch)
        return valid

    def nudged(self, nudge: Nudge) -> None:
        """Hear what concerns the person."""
        match nudge.kind:
            case "conversations":
                if self._list_timer is None:
                    self._list_timer = asyncio.get_running_loop().call_later(GATHER, self._tell_of_list)
            case "changed":
                self._watching.heard(nudge)
            case "recheck":
                self._check_due.set()
            case "missed":
                self._tasks.append(self._begin(self._control(type="missed")))
            case "signed_out":
                key = self._session_key
                if nudge.session == key or (nudge.session is None and nudge.kept != key):
                    self._tasks.append(self._begin(self._bye("signed_out", 4401)))

    def _tell_of_list(self) -> None:
        self._list_changed = True
        self._wake.ring()

    async def shut_down(self, code: int) -> None:
        """Close with a goodbye: the page goes to another process, or waits for the next one."""
        await self._bye("shutdown", code)


async def close_all(code: int = 1012) -> None:
    """Close every socket of this process, and refuse new ones."""
    lifecycle.close_begin()
    for socket in list(ExchangeConsumer.open_sockets):
        try:
            await socket.shut_down(code)
        except Exception:
            logger.exception("A socket could not be closed with a goodbye")
