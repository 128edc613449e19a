"""Two people write into one conversation at once, through one process or two: nothing is lost, both hear of it."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pytest

from tests.attacks.actors import ask, sign_up_open
from tests.fakes import FakeUpstream, Gate, Stream
from tests.playground.pages import Page, Sent, page_open, provider_environment
from tests.served import Installation, ServedProcess
from tests.servers import BACKENDS

pytestmark = pytest.mark.served
PATIENCE = 60.0


@pytest.fixture(scope="module")
def processes(
    shared_installation: Installation, upstream: FakeUpstream
) -> tuple[ServedProcess, ServedProcess]:
    """Two processes where they can share, else the one twice."""
    environment = provider_environment(upstream)
    first = shared_installation.start(**environment).wait_ready()
    if BACKENDS != "postgres":
        return first, first
    return first, shared_installation.start(**environment).wait_ready()


@pytest.fixture(scope="module")
def people(processes: tuple[ServedProcess, ServedProcess]) -> tuple[Page, Page]:
    """Alice at the first process, Bob at the second."""
    alice = page_open(processes[0], "alice")
    sign_up_open(alice)
    return alice, page_open(processes[0], "bob").at(processes[1])


@pytest.fixture
def pair(people: tuple[Page, Page]) -> tuple[Page, Page]:
    """Both at a new conversation of Alice's that the team may write into, each with a model of their own."""
    alice = people[0].conversation_new(model=f"model-{uuid4()}")
    shown = ask(
        alice, "POST", f"/conversations/{alice.conversation}/visibility/", {"visibility": "team_edit"}
    )
    shown.raise_for_status()
    return alice, replace(people[1], conversation=alice.conversation, model=f"model-{uuid4()}")


def news(page: Page, shown: list[str], **fields: str) -> list[str]:
    """The ids of the rows that a page gets which shows these messages."""
    rows = ",".join(f"{pk}:" for pk in shown)
    path = f"/conversations/{page.conversation}/news/"
    html = page.process.post(page.client, path, {"shown": rows, **fields}).text
    return re.findall(r'(?:data-message|data-same)="([0-9a-f-]+)"', html)


def messages_of(sent: Sent) -> list[str]:
    return re.findall(r'data-message="([0-9a-f-]+)"', sent.response.text)


def test_who_sends_at_the_same_moment_writes_alternatives(
    pair: tuple[Page, Page], upstream: FakeUpstream
) -> None:
    alice, bob = pair
    before = len(upstream.requests)
    begun = messages_of(alice.send("Start", below=""))
    upstream.wait_for_request(before + 1)  # what follows is the answer to others
    gate = Gate()
    upstream.script(alice.model, Stream(text=["to ", gate, "Alice"]))
    upstream.script(bob.model, Stream(text=["to ", gate, "Bob"]))
    with alice.socket() as hers, bob.socket() as his:
        for socket in (hers, his):
            socket.say(type="watch", conversation=alice.conversation)
            socket.say(type="ping")
            socket.until_control(type="pong")
        with ThreadPoolExecutor(2) as pool:
            sendings = [
                pool.submit(page.send, f"From {name}", below=begun[-1])
                for page, name in ((alice, "Alice"), (bob, "Bob"))
            ]
            from_alice, from_bob = (each.result(PATIENCE) for each in sendings)
        # Each hears of the other's and follows it to its end, the same text as its own.
        for socket, other, name in ((hers, from_bob, "bob"), (his, from_alice, "alice")):
            heard = socket.until_control(type="changed", by=name)
            assert heard["message"] == messages_of(other)[-1]
            socket.follow(from_alice.exchange, ref=1)
            socket.follow(from_bob.exchange, ref=2)
        gate.open()
        for socket in (hers, his):
            socket.until_end(1, 2)
            assert [socket.followed[ref].text for ref in (1, 2)] == ["to Alice", "to Bob"]
    # Both stand beside each other, and both pages are shown the same when they ask for the same.
    for sent, page in ((from_bob, alice), (from_alice, bob)):
        tip = messages_of(sent)[-1]
        assert news(page, begun, tip=tip) == [*begun, *messages_of(sent)]
    asked = {
        request.json["messages"][-1]["content"]: request.json["messages"] for request in upstream.requests
    }
    for name in ("Alice", "Bob"):
        assert [m["content"] for m in asked[f"From {name}"] if m["role"] == "user"] == [
            "Start",
            f"From {name}",
        ]


def test_a_page_that_saw_less_is_told_where_it_was_written(
    pair: tuple[Page, Page], upstream: FakeUpstream
) -> None:
    alice, bob = pair
    upstream.script(alice.model, Stream(text=["A1"]), Stream(text=["A2"]))
    begun = messages_of(alice.send("Q1", below=""))
    page = bob.client.get(f"/conversations/{alice.conversation}/").text
    (seen,) = re.findall(r'data-seen="([^"]+)"', page)
    later = messages_of(alice.send("Q2", below=begun[-1]))
    with bob.socket() as socket:
        socket.say(type="watch", conversation=alice.conversation, seen=seen)
        assert socket.until_control(type="changed") == {
            "type": "changed",
            "conversation": alice.conversation,
            "message": later[-1],
            "by": "alice",
        }
    # A state that names no moment: something changed, nobody knows where.
    with bob.socket() as socket:
        socket.say(type="watch", conversation=alice.conversation, seen="long ago")
        assert socket.until_control(type="changed")["message"] is None


def test_many_deeds_at_once_leave_one_sound_tree(pair: tuple[Page, Page], upstream: FakeUpstream) -> None:
    alice, bob = pair
    upstream.script(alice.model, Stream(text=["A"]))
    begun = messages_of(alice.send("Q", below=""))
    path = f"/conversations/{alice.conversation}/messages/insert/"

    def insert(page: Page, number: int) -> int:
        fields = {"after": begun[0], "role": "system", "text": f"note {number}"}
        return page.process.post(page.client, path, fields).status_code

    with alice.socket() as socket:
        socket.follow(
            re.findall(
                r'data-exchange="([0-9a-f-]+)"',
                alice.client.get(f"/conversations/{alice.conversation}/").text,
            )[0]
        )
        socket.until_end()
    with ThreadPoolExecutor(8) as pool:
        works = [pool.submit(insert, (alice, bob)[number % 2], number) for number in range(16)]
        assert {work.result(PATIENCE) for work in works} == {200}
    shown = news(alice, begun)
    assert (len(shown), shown[0], shown[-1]) == (18, begun[0], begun[-1])
    assert news(bob, shown) == shown


def test_a_message_is_not_sent_below_one_that_is_gone(
    pair: tuple[Page, Page], upstream: FakeUpstream
) -> None:
    alice, bob = pair
    upstream.script(alice.model, Stream(text=["A"]))
    sent = alice.send("Q", below="")
    with alice.socket() as socket:
        socket.follow(sent.exchange)
        socket.until_end()
    shown = messages_of(sent)
    path = f"/conversations/{alice.conversation}/messages/{shown[-1]}/delete/"
    assert bob.process.post(bob.client, path).status_code == 200
    asked = len(upstream.requests)
    refused = alice.send("Go on", below=shown[-1]).response
    assert refused.status_code == 422
    assert len(upstream.requests) == asked
    # Her page learns what is left, and the same text goes below that.
    assert news(alice, shown) == shown[:1]
    assert alice.send("Go on", below=shown[0]).response.status_code == 200
