"""What an owner shows to the team: who may look changes nothing, who may write is not the owner, who is out is nobody.

Every deed on a conversation or an exchange is tried, and every message that a page may say on its socket; what each kind of
person is answered at every address stands in `test_access.py`.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.attacks.actors import ask, run_follow
from tests.attacks.belongings import CANARY, URLCONF, Belongings
from tests.attacks.test_strangers import belongings
from tests.fakes import FakeUpstream, Stream
from tests.playground.pages import Page, Socket, page_open
from tests.served import ServedProcess

pytestmark = pytest.mark.served
__all__ = ["belongings"]  # the fixture

PROTOCOL: Final = (Path(__file__).resolve().parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
OF_A_CONVERSATION: Final = tuple(
    sorted(name for name, path in URLCONF.items() if re.match(r"/(conversations|exchanges|messages)/<", path))
)
READS: Final = frozenset(
    {
        "body",
        "body-reading",
        "branch-copy",
        "branch-show",
        "conversation-keeping",
        "conversation-news",
        "message-comments",
        "message-reading",
        "parameters",
        "request-preview",
    }
)
"""What is asked for by POST and changes nothing of the conversation: it reads, or keeps something of one's own."""
OWNERS: Final = frozenset({"conversation-delete", "visibility"})
"""What stays with the owner, whatever the team may do. Links to share are their makers' (tests of shares)."""
WRITES: Final = tuple(name for name in OF_A_CONVERSATION if name not in READS)


def show_to(alice: Page, belongings: Belongings, visibility: str) -> None:
    path = f"/conversations/{belongings.page.conversation}/visibility/"
    assert ask(alice, "POST", path, {"visibility": visibility}).status_code == 200


@pytest.fixture
def looks(alice: Page, belongings: Belongings, bob: Page) -> Page:
    """Bob, who may look."""
    show_to(alice, belongings, "team")
    return bob


@pytest.fixture
def writes(alice: Page, belongings: Belongings, bob: Page) -> Page:
    """Bob, who may write."""
    show_to(alice, belongings, "team_edit")
    return bob


@pytest.mark.parametrize("name", WRITES)
def test_who_may_look_changes_nothing(
    name: str, belongings: Belongings, looks: Page, upstream: FakeUpstream
) -> None:
    path, asked = belongings.path(name), len(upstream.requests)
    before = belongings.page.client.get(f"/conversations/{belongings.page.conversation}/map/").text
    answer = ask(looks, "POST", path, belongings.fields(name) | {"visibility": "private", "text": "Mine"})
    assert answer.status_code in (403, 404, 405), answer.text
    assert len(upstream.requests) == asked
    after = belongings.page.client.get(f"/conversations/{belongings.page.conversation}/map/").text
    assert after == before


def test_the_page_says_why_one_may_not_write(belongings: Belongings, looks: Page) -> None:
    path = f"/conversations/{belongings.page.conversation}/"
    page = looks.client.get(path).text
    assert "You may look at this conversation; only alice writes in it." in page
    assert "data-composer" not in page
    answer = ask(looks, "POST", f"{path}messages/{belongings.messages[0]}/delete/")
    assert "only alice writes in it" in answer.text
    run = ask(
        looks,
        "POST",
        looks.run_path(belongings.sent.run_id).replace(looks.conversation, belongings.page.conversation),
        looks.fields("Hi"),
    )
    assert run.status_code == 403
    assert "only alice writes in it" in run.text


def test_a_provider_of_ones_own_stays_unknown_to_who_writes(belongings: Belongings, writes: Page) -> None:
    path = f"/conversations/{belongings.page.conversation}/"
    fields = {**belongings.page.fields(""), "provider": belongings.provider, "model": f"{CANARY}-model"}
    assert ask(belongings.page, "POST", f"{path}settings/", fields).status_code == 204
    page = writes.client.get(path).text
    assert "A provider that is not yours to use" in page
    assert f"{CANARY} gateway" not in page
    # Typing in the system prompt does not take it away from her.
    assert ask(writes, "POST", f"{path}settings/", {**fields, "provider": ""}).status_code == 204
    assert f'value="{belongings.provider}" selected' in belongings.page.client.get(path).text
    # Nor can it be called by naming it.
    asked = writes.fields("Hi", provider=belongings.provider)
    assert ask(writes, "POST", f"{path}runs/{belongings.sent.run_id}/", asked).status_code in (404, 422)


@pytest.mark.parametrize("name", sorted(OWNERS))
def test_who_may_write_is_not_the_owner(name: str, belongings: Belongings, writes: Page) -> None:
    answer = ask(writes, "POST", belongings.path(name), {"visibility": "private"})
    assert answer.status_code == 403
    assert "Only alice" in answer.text


def test_who_may_write_writes_with_what_is_theirs(
    belongings: Belongings, writes: Page, upstream: FakeUpstream
) -> None:
    there = Page(writes.process, writes.client, belongings.page.conversation, writes.provider, "of-bob")
    upstream.script("of-bob", Stream(text=["for Bob"]))
    exchange, followed = run_follow(there)
    assert followed.text == "for Bob"
    assert "for Bob" in belongings.page.client.get(f"/conversations/{belongings.page.conversation}/").text
    assert belongings.page.stop(exchange).status_code == 204


@pytest.fixture(scope="module")
def deactivated(process: ServedProcess, alice: Page) -> Page:
    """Dora, whose account is deactivated while she has a page open."""
    dora = page_open(process, "dora")
    people = re.findall(r"/settings/team/people/(\d+)/", alice.client.get("/settings/team/").text)
    path = f"/settings/team/people/{max(map(int, people))}/"
    assert ask(alice, "POST", path, {"deed": "deactivate"}).status_code == 302
    return dora


# The socket: each message that a page may say


def says_follow(socket: Socket, belongings: Belongings, *, may: bool) -> None:
    socket.follow(belongings.sent.exchange, ref=3)
    if may:
        assert CANARY in socket.until_end(3).text
    else:
        socket.until_control(type="error", code="unknown_exchange", ref=3)


def says_watch(socket: Socket, belongings: Belongings, *, may: bool) -> None:
    socket.say(type="watch", conversation=belongings.page.conversation, seen="another state")
    if may:
        socket.until_control(type="changed", conversation=belongings.page.conversation)
    else:
        socket.until_control(type="error", code="unknown_conversation")


def says_nothing_of_it(socket: Socket, belongings: Belongings, *, may: bool) -> None:
    """`unfollow`, `ack` and `ping` name nothing that belongs to anybody."""
    del belongings, may
    for message in ({"type": "unfollow", "ref": 3}, {"type": "ack", "bytes": 2**40}, {"type": "ping"}):
        socket.say(**message)
    socket.until_control(type="pong")


Saying = Callable[..., None]
SAYINGS: Final[dict[str, Saying]] = {
    "follow": says_follow,
    "watch": says_watch,
    "unfollow": says_nothing_of_it,
    "ack": says_nothing_of_it,
    "ping": says_nothing_of_it,
}


def test_every_message_of_the_protocol_is_said_here() -> None:
    rows = PROTOCOL.split("## From the page", 1)[1].split("##", 1)[0]
    types = set(re.findall(r"^\| `(\w+)` \|", rows, re.MULTILINE))
    assert types - {"type"} == set(SAYINGS)


@pytest.mark.parametrize("visibility", ["private", "team", "team_edit"])
@pytest.mark.parametrize("saying", SAYINGS)
def test_the_socket_tells_who_may_see_it_and_nobody_else(
    saying: str, visibility: str, alice: Page, bob: Page, belongings: Belongings
) -> None:
    show_to(alice, belongings, visibility)
    for person, may in ((alice, True), (bob, visibility != "private")):
        with person.socket() as socket:
            SAYINGS[saying](socket, belongings, may=may)
            if not may:
                assert CANARY not in str(socket.controls)
                assert all(not followed.updates for followed in socket.followed.values())


def test_who_is_out_has_no_socket(deactivated: Page) -> None:
    socket = Socket(deactivated.process.socket(deactivated.client))
    assert socket.until_closed() == 4401


def test_a_page_hears_of_changes_until_it_may_not_see_them(
    alice: Page, bob: Page, belongings: Belongings
) -> None:
    show_to(alice, belongings, "team")
    rename = f"/conversations/{belongings.page.conversation}/rename/"
    with bob.socket() as socket:
        socket.say(type="watch", conversation=belongings.page.conversation)
        socket.say(type="ping")
        socket.until_control(type="pong")
        ask(alice, "POST", rename, {"title": CANARY})
        news = socket.until_control(type="changed")
        assert (news["by"], news["message"]) == ("alice", None)
        show_to(alice, belongings, "private")
        socket.until_control(type="error", code="unknown_conversation")
        socket.controls.clear()
        ask(alice, "POST", rename, {"title": CANARY})
        socket.say(type="ping")
        socket.until_control(type="pong")
        assert not [each for each in socket.controls if each["type"] == "changed"]


def test_nobody_watches_what_makes_no_sense(charlie: Page) -> None:
    wishes: list[Any] = [None, 1, "x", "0" * 32, {"a": 1}, ["x"]]
    with charlie.socket() as socket:
        for wish in wishes:
            socket.say(type="watch", conversation=wish, seen={"not": "text"})
            socket.until_control(type="error", code="bad_message")
            socket.controls.clear()
