"""Short messages to open pages, in every process: the list changed, the conversation changed, the session ended.

Within a process they arrive at once, with Redis or without; `playground.nudges_redis` carries them between processes. Not
a Channels layer: with the one for Redis no socket could open while Redis is away, and each costs a subscription.
"""

import asyncio
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Nudge:
    """What some pages should know: those of a person, of a conversation, or all of them (`playground.watching`).

    `conversations`: the list of conversations changed. `signed_out`: the session with this key ended; where `session` is
    None all sessions did, but the one in `kept`. `recheck`: see whether everything is still permitted. `changed`: this
    conversation changed; `message` is the end of a branch to look at, `by` and `name` are who did it. `missed`: nudges of
    other processes may have been lost.
    """

    kind: Literal["conversations", "signed_out", "recheck", "changed", "missed"]
    session: str | None = None
    kept: str | None = None
    conversation: str | None = None
    message: str | None = None
    by: str | None = None
    name: str | None = None


class Listener(Protocol):
    """An open page."""

    def nudged(self, nudge: Nudge) -> None:
        """Hear a nudge; called on the event loop."""


class Carrier(Protocol):
    """The way to the pages of other processes."""

    def carry(self, person: str, nudge: Nudge) -> None:
        """Pass a nudge on, now or later; never waits."""

    async def close(self) -> None:
        """Pass on what waits, then let go."""


class Nudges:
    """The open pages of this process, by what they listen to: a person, a conversation, the team."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._listeners: dict[str, dict[Listener, None]] = {}
        self.carrier: Carrier | None = None

    def listen(self, person: object, listener: Listener) -> None:
        """Tell `listener` from now on what concerns this person, or another topic of `playground.watching`."""
        self._listeners.setdefault(str(person), {})[listener] = None

    def forget(self, person: object, listener: Listener) -> None:
        """Tell it nothing more."""
        listeners = self._listeners.get(str(person), {})
        listeners.pop(listener, None)
        if not listeners:
            self._listeners.pop(str(person), None)

    @property
    def is_served(self) -> bool:
        """Whether the event loop that serves the pages still is there: a thread may end after it."""
        return not self._loop.is_closed()

    def send(self, person: object, nudge: Nudge) -> None:
        """Nudge all pages of a person, here and elsewhere. May be called from any thread; never waits."""
        self._loop.call_soon_threadsafe(self._send, str(person), nudge)

    def _send(self, person: str, nudge: Nudge) -> None:
        self.deliver(person, nudge)
        if self.carrier is not None:
            self.carrier.carry(person, nudge)

    def deliver(self, person: str, nudge: Nudge) -> None:
        """Nudge the person's pages of this process."""
        for listener in list(self._listeners.get(person, {})):
            listener.nudged(nudge)

    def deliver_all(self, nudge: Nudge) -> None:
        """Nudge every page of this process."""
        for person in list(self._listeners):
            self.deliver(person, nudge)

    async def close(self) -> None:
        """Pass on what waits, then let go."""
        if self.carrier is not None:
            await self.carrier.close()
