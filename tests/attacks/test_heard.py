"""What a socket may hear: each message of the protocol reaches those whom it concerns, and nobody else.

What a page may say is in `test_team.py`. All sockets are open at once; after each deed everybody answers a ping, so
whatever was sent because of it has come.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import pytest

from tests.attacks.actors import ask
from tests.attacks.belongings import CANARY, Belongings
from tests.attacks.test_strangers import belongings
from tests.attacks.test_team import PROTOCOL, deactivated, show_to
from tests.playground.pages import Page, Socket, page_open
from tests.served import ServedProcess

pytestmark = pytest.mark.served
__all__ = ["belongings", "deactivated"]  # the fixtures


@dataclass(frozen=True, slots=True)
class Room:
    """Alice, who owns the conversation, Bob of the team, and Erin, who signs out; each with a socket."""

    alice: Page
    belongings: Belongings
    erin: Page
    sockets: dict[str, Socket]

    def rename(self) -> None:
        path = f"/conversations/{self.belongings.page.conversation}/rename/"
        assert ask(self.alice, "POST", path, {"title": CANARY}).status_code == 200

    def heard(self) -> dict[str, list[dict[str, Any]]]:
        """What each has been told so far, after everybody has answered a ping."""
        for socket in self.sockets.values():
            if socket.close_code is None:
                _answer_awaited(socket)
        return {name: socket.controls for name, socket in self.sockets.items()}

    def who_heard(self, kind: str) -> set[str]:
        return {name for name, controls in self.heard().items() if any(c["type"] == kind for c in controls)}


def _answer_awaited(socket: Socket) -> None:
    def pongs() -> int:
        return sum(each["type"] == "pong" for each in socket.controls)

    before = pongs()
    socket.say(type="ping")
    socket.until(lambda: pongs() > before)


@pytest.fixture
def room(process: ServedProcess, alice: Page, bob: Page, belongings: Belongings) -> Iterator[Room]:
    erin = page_open(process, f"erin-{uuid4().hex[:8]}")
    with ExitStack() as stack:
        sockets = {
            name: stack.enter_context(page.socket())
            for name, page in (("alice", alice), ("bob", bob), ("erin", erin))
        }
        for socket in sockets.values():
            socket.until_control(type="hello")
        yield Room(alice, belongings, erin, sockets)


def hears_hello(room: Room) -> None:
    for controls in room.heard().values():
        assert [set(each) for each in controls if each["type"] == "hello"] == [{"type", "heartbeat"}]


def hears_pong(room: Room) -> None:
    room.sockets["bob"].say(type="ping")
    room.sockets["bob"].until_control(type="pong")
    assert all(each["type"] == "hello" for name in ("alice", "erin") for each in room.sockets[name].controls)


def hears_error(room: Room) -> None:
    room.sockets["bob"].say(type="follow", exchange=room.belongings.sent.exchange, ref=CANARY)
    room.sockets["bob"].until_control(type="error")
    assert room.who_heard("error") == {"bob"}


def hears_conversations(room: Room) -> None:
    show_to(room.alice, room.belongings, "private")
    for socket in room.sockets.values():
        socket.controls.clear()
    room.rename()
    room.sockets["alice"].until_control(type="conversations")
    assert room.who_heard("conversations") == {"alice"}
    show_to(room.alice, room.belongings, "team")
    for socket in room.sockets.values():
        socket.until_control(type="conversations")


def hears_changed(room: Room) -> None:
    for visibility, hearers in (("private", {"alice"}), ("team", {"alice", "bob"})):
        show_to(room.alice, room.belongings, visibility)
        for name in ("alice", "bob"):  # Erin may look, too, but does not watch
            room.sockets[name].say(type="watch", conversation=room.belongings.page.conversation)
        room.heard()
        for socket in room.sockets.values():
            socket.controls.clear()
        room.rename()
        room.sockets["alice"].until_control(type="changed")
        assert room.who_heard("changed") == hearers


def hears_bye(room: Room) -> None:
    ask(room.erin, "POST", "/accounts/logout/", {})
    assert room.sockets["erin"].until_closed() == 4401
    assert {"type": "bye", "code": "signed_out"} in room.sockets["erin"].controls
    assert room.who_heard("bye") == {"erin"}


TO_ALL: Final = {"missed"}
"""Says nothing of anybody: every page hears it alike when Redis is back (`tests/playground/test_nudges_redis.py`)."""
HEARINGS: Final[dict[str, Callable[[Room], None]]] = {
    "hello": hears_hello,
    "pong": hears_pong,
    "error": hears_error,
    "conversations": hears_conversations,
    "changed": hears_changed,
    "bye": hears_bye,
}


def test_every_message_of_the_protocol_is_heard_here() -> None:
    rows = PROTOCOL.split("## To the page: control", 1)[1].split("| error `code`", 1)[0]
    assert set(re.findall(r"^\| `(\w+)` \|", rows, re.MULTILINE)) - {"type"} == set(HEARINGS) | TO_ALL


@pytest.mark.parametrize("kind", HEARINGS)
def test_a_message_reaches_whom_it_concerns_and_nobody_else(kind: str, room: Room) -> None:
    HEARINGS[kind](room)
    for name in ("bob", "erin"):
        assert CANARY not in str(room.sockets[name].controls)


def test_the_text_of_an_answer_reaches_who_follows_it_and_nobody_else(room: Room) -> None:
    show_to(room.alice, room.belongings, "team")
    room.sockets["bob"].follow(room.belongings.sent.exchange, ref=3)
    assert CANARY in room.sockets["bob"].until_end(3).text
    room.heard()
    assert not room.sockets["alice"].followed
    assert not room.sockets["erin"].followed


def test_who_is_out_hears_nothing_at_all(deactivated: Page, room: Room) -> None:
    socket = Socket(deactivated.process.socket(deactivated.client))
    room.rename()
    assert socket.until_closed() == 4401
    assert {each["type"] for each in socket.controls} <= {"bye"}
