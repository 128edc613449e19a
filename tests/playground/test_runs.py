"""A run ends once, in the state that is true, with everything that came; whatever upstream, the database or we do."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from channels.db import database_sync_to_async

from conversations.models import Exchange, Trace
from conversations.services import conversation_delete
from playground.run_queue import RunQueue, Seat
from team.models import User
from tests.desk import KEY, Desk, desk_make
from tests.fakes import (
    CLOSE,
    CUT,
    HANG,
    EchoKey,
    FakeUpstream,
    Gate,
    Http,
    Plain,
    Reply,
    Stream,
    Wire,
    error_reply,
    html_reply,
)
from tests.playground.stage import Stage, broken_after, failing_first, kept, stage_set
from upstream.client import Timeouts
from upstream.wire.errors import (
    AddressForbidden,
    ConnectFailed,
    ConnectionCut,
    NameNotResolved,
    RateLimited,
    UpstreamError,
)

pytestmark = pytest.mark.django_db(transaction=True)
USAGE = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}


@pytest.fixture
def up() -> Iterator[FakeUpstream]:
    with FakeUpstream() as up:
        yield up


@pytest.fixture
def desk(alice: User, up: FakeUpstream, settings: object) -> Desk:
    settings.PRIVATE_HOSTS = ["127.0.0.1"]  # type: ignore[attr-defined]  # pytest-django's wrapper
    return desk_make(alice, base_url=up.base_url)


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    async with stage_set("127.0.0.1") as stage:
        yield stage


async def test_a_completed_run_is_shown_and_kept_alike(stage: Stage, desk: Desk, up: FakeUpstream) -> None:
    gate = Gate()
    up.script("model-a", Stream(text=[gate, "Hel", "lo"], reasoning=["Hm."], usage=USAGE))
    exchange = await stage.start(desk)
    await stage.until(exchange, lambda: ["r", 0, "Hm."] in stage.updates(exchange))
    gate.open()
    end = await stage.end(exchange)
    assert end["state"] == "completed"
    assert end["error"] is None
    assert (end["stats"]["tokens_in"], end["stats"]["tokens_out"]) == (5, 3)
    assert stage.text(exchange) == "Hello"
    found = await kept(exchange)
    assert (found.row.state, found.texts) == ("completed", ("Hello",))
    assert (found.row.status, found.row.usage) == (200, USAGE)
    # What the reloaded page says of its reasoning.
    timing = found.row.timing
    assert end["stats"]["reasoning_ms"] == timing["first_content"] - timing["first_reasoning"]
    assert stage.updates(exchange)[0] == ["s", "queued"]
    assert stage.runs.live_count == 0


async def test_the_headers_are_kept_as_sent_with_the_key_masked(
    stage: Stage, desk: Desk, up: FakeUpstream
) -> None:
    exchange = await stage.start(desk)
    await stage.end(exchange)
    found = await kept(exchange)
    assert up.wait_for_request().header("Authorization") == f"Bearer {KEY}"
    assert ["Authorization", "Bearer ••••cdef"] in found.row.headers
    assert [name for name, _ in found.row.headers] == [name for name, _ in up.requests[0].headers]


async def test_a_plain_answer_without_streaming_is_shown_and_kept(
    stage: Stage, desk: Desk, up: FakeUpstream
) -> None:
    up.script("model-a", Plain(text="All at once", reasoning=["Hm."]))
    exchange = await stage.start(desk)
    end = await stage.end(exchange)
    # It came at once; how long it reasoned nobody can tell.
    assert (end["state"], end["stats"]["reasoning_ms"]) == ("completed", None)
    assert stage.text(exchange) == "All at once"
    assert (await kept(exchange)).texts == ("All at once",)


async def test_stop_closes_the_upstream_and_keeps_the_text(
    stage: Stage, desk: Desk, up: FakeUpstream
) -> None:
    gate = Gate()
    up.script("model-a", Stream(text=["Half", gate, " never"]))
    exchange = await stage.start(desk)
    await stage.until(exchange, lambda: stage.text(exchange) == "Half")
    assert await stage.journal.request_stop(exchange)
    end = await stage.end(exchange)
    await up.left()
    assert (end["state"], end["error"]) == ("stopped", None)
    found = await kept(exchange)
    assert (found.row.state, found.texts, found.row.error) == ("stopped", ("Half",), None)


async def test_stop_before_the_first_byte_ends_an_empty_answer(
    stage: Stage, desk: Desk, up: FakeUpstream
) -> None:
    up.script("model-a", Wire(HANG))
    exchange = await stage.start(desk)
    await up.requested()
    await stage.journal.request_stop(exchange)
    assert (await stage.end(exchange))["state"] == "stopped"
    await up.left()
    assert (await kept(exchange)).texts == ("",)


async def test_stop_twice_and_after_the_end_changes_nothing(
    stage: Stage, desk: Desk, up: FakeUpstream
) -> None:
    exchange = await stage.start(desk)
    await stage.end(exchange)
    assert not await stage.journal.request_stop(exchange)
    assert (await kept(exchange)).row.state == "completed"


async def test_stop_while_waiting_in_the_queue_sends_nothing(desk: Desk, up: FakeUpstream) -> None:
    gate = Gate()
    up.script("model-a", Stream(text=["first", gate]))
    async with stage_set("127.0.0.1", queue=RunQueue(per_person=1)) as stage:
        first = await stage.start(desk)
        second = await stage.start(desk)
        await stage.until(second, lambda: stage.updates(second) == [["s", "queued"], ["q", 1]])
        await stage.journal.request_stop(second)
        assert (await stage.end(second))["state"] == "stopped"
        gate.open()
        assert (await stage.end(first))["state"] == "completed"
    assert len(up.requests) == 1
    assert (await kept(second)).row.state == "stopped"


async def test_who_waited_in_the_queue_is_sent_in_turn_and_the_wait_is_not_latency(
    desk: Desk, up: FakeUpstream
) -> None:
    gate = Gate()
    up.script("model-a", Stream(text=[gate, "first"]), Stream(text=["second"]))
    async with stage_set("127.0.0.1", queue=RunQueue(per_provider=1)) as stage:
        await stage.start(desk, seat=Seat("alice", "fake"))
        second = await stage.start(desk, seat=Seat("bob", "fake"))
        await asyncio.to_thread(gate.wait_reached)
        gate.open()
        end = await stage.end(second)
        timing = (await kept(second)).row.timing
    assert stage.text(second) == "second"
    assert timing["queued"] > 0
    assert end["stats"]["total_ms"] == timing["ended"]


# Everything that can go wrong upstream, each with its own name


@pytest.mark.parametrize(
    ("reply", "kind", "text"),
    [
        (error_reply(401, "Incorrect API key.", code="invalid_api_key"), "authentication_failed", ""),
        (error_reply(403, "Not for you."), "permission_denied", ""),
        (error_reply(404, "The model does not exist", code="model_not_found"), "model_not_found", ""),
        (error_reply(429, "Slow down", headers=[("Retry-After", "7")]), "rate_limited", ""),
        (error_reply(400, "Bad temperature", param="temperature"), "invalid_request", ""),
        (error_reply(500, "Oops", type="server_error"), "upstream_failed", ""),
        (error_reply(503, "Overloaded"), "upstream_unavailable", ""),
        (html_reply(502), "upstream_unavailable", ""),
        (html_reply(200, "<html><title>Sign in to the Wi-Fi</title></html>"), "protocol_violation", ""),
        (Http(200, [b"not json"]), "protocol_violation", ""),
        (Http(200, [], content_type="text/event-stream"), "protocol_violation", ""),
        (Wire(b"SSH-2.0-OpenSSH_9.2\r\n", CLOSE), "protocol_violation", ""),
        (Wire(CUT), "connection_cut", ""),
        (Stream(text=["Half"], end=[CLOSE]), "connection_cut", "Half"),
        (Stream(text=["Half"], end=[b'data: {"error":{"message":"Lost"}}\n\n']), "upstream_failed", "Half"),
    ],
)
async def test_what_goes_wrong_upstream_is_named_and_the_text_so_far_is_kept(
    stage: Stage, desk: Desk, up: FakeUpstream, reply: Reply, kind: str, text: str
) -> None:
    up.script("model-a", reply)
    exchange = await stage.start(desk)
    end = await stage.end(exchange)
    assert (end["state"], end["error"]["kind"]) == ("failed", kind)
    assert end["error"]["message"]
    assert end["error"]["advice"]
    assert stage.text(exchange) == text
    found = await kept(exchange)
    assert found.row.state == "failed"
    assert found.row.error is not None
    assert (found.row.error["kind"], found.texts) == (kind, (text,))


async def test_a_rate_limit_says_when_to_try_again(stage: Stage, desk: Desk, up: FakeUpstream) -> None:
    up.script("model-a", error_reply(429, "Slow down", headers=[("Retry-After", "7")]))
    end = await stage.end(await stage.start(desk))
    assert (end["error"]["status"], end["error"]["retry_after"]) == (429, 7)


def failed(cls: type[UpstreamError], *, sent: bool) -> UpstreamError:
    error = cls("Something went wrong.")
    error.sent = sent
    return error


@pytest.mark.parametrize("cls", [ConnectFailed, ConnectionCut, NameNotResolved])
async def test_where_nothing_was_sent_the_request_is_tried_once_more(
    desk: Desk, up: FakeUpstream, cls: type[UpstreamError]
) -> None:
    up.script("model-a", Stream(text=["Hello"]))
    async with stage_set("127.0.0.1", wrap=failing_first(failed(cls, sent=False))) as stage:
        exchange = await stage.start(desk)
        assert (await stage.end(exchange))["state"] == "completed"
        assert stage.text(exchange) == "Hello"
    assert len(up.requests) == 1


@pytest.mark.parametrize(
    "errors",
    [
        (failed(ConnectionCut, sent=True),),
        (failed(ConnectFailed, sent=False), failed(ConnectFailed, sent=False)),
        (failed(AddressForbidden, sent=False),),
        (failed(RateLimited, sent=True),),
    ],
    ids=["something was sent", "twice", "forbidden", "limited"],
)
async def test_otherwise_nothing_is_repeated_by_itself(
    desk: Desk, up: FakeUpstream, errors: tuple[UpstreamError, ...]
) -> None:
    async with stage_set("127.0.0.1", wrap=failing_first(*errors)) as stage:
        end = await stage.end(await stage.start(desk))
    assert (end["state"], end["error"]["kind"]) == ("failed", errors[0].kind)
    assert up.requests == []


@pytest.mark.parametrize(
    ("reply", "timeouts", "kind"),
    [
        (Wire(HANG), Timeouts(first_byte=0.2), "first_byte_timeout"),
        (Stream(text=["Half", HANG]), Timeouts(idle=0.2), "idle_timeout"),
    ],
)
async def test_silence_ends_a_run_after_the_time_allowed(
    stage: Stage, desk: Desk, up: FakeUpstream, reply: Reply, timeouts: Timeouts, kind: str
) -> None:
    up.script("model-a", reply)
    end = await stage.end(await stage.start(desk, timeouts=timeouts))
    assert (end["state"], end["error"]["kind"]) == ("failed", kind)
    await up.left()


async def test_an_address_that_may_not_be_called_is_not_called(desk: Desk, up: FakeUpstream) -> None:
    async with stage_set() as stage:
        end = await stage.end(await stage.start(desk))
    assert end["error"]["kind"] == "address_forbidden"
    assert up.connections == []


async def test_a_connection_that_stays_open_after_done_does_not_hold_the_run(
    stage: Stage, desk: Desk, up: FakeUpstream
) -> None:
    up.script("model-a", Stream(text=["Hi"], end=[b"data: [DONE]\n\n", HANG]))
    end = await stage.end(await stage.start(desk))
    assert end["state"] == "completed"
    await up.left()


async def test_a_key_that_upstream_echoes_is_masked_everywhere(
    stage: Stage, desk: Desk, up: FakeUpstream
) -> None:
    up.script("model-a", EchoKey("error"), EchoKey("stream"))
    failed, streamed = await stage.start(desk), await stage.start(desk)
    await stage.end(failed)
    await stage.end(streamed)
    shown = str([stage.updates(failed), stage.updates(streamed)])
    rows = await database_sync_to_async(lambda: str(list(Exchange.objects.values())))()
    for place in (shown, rows):
        assert KEY not in place
        assert "••••cdef" in place


# Our own side


async def test_a_defect_of_ours_ends_the_run_as_failed_with_its_text(desk: Desk, up: FakeUpstream) -> None:
    gate = Gate()
    up.script("model-a", Stream(text=["Half", gate, " rest"]))
    async with stage_set("127.0.0.1", wrap=broken_after(1, ZeroDivisionError("ours"))) as stage:
        exchange = await stage.start(desk)
        await asyncio.to_thread(gate.wait_reached)
        gate.open()
        end = await stage.end(exchange)
    found = await kept(exchange)
    assert (end["state"], end["error"]["kind"]) == ("failed", "upstream_failed")
    assert found.row.state == "failed"
    assert "Half".startswith(found.texts[0])


async def test_a_shutdown_keeps_what_runs_as_interrupted(stage: Stage, desk: Desk, up: FakeUpstream) -> None:
    gate = Gate()
    up.script("model-a", Stream(text=["Half", gate]))
    exchange = await stage.start(desk)
    await stage.until(exchange, lambda: stage.text(exchange) == "Half")
    await stage.runs.drain(grace=0)
    found = await kept(exchange)
    assert (found.row.state, found.texts) == ("interrupted", ("Half",))
    assert stage.updates(exchange)[-1][1]["state"] == "interrupted"


async def test_a_shutdown_lets_what_runs_finish_within_the_grace(
    stage: Stage, desk: Desk, up: FakeUpstream
) -> None:
    gate = Gate()
    up.script("model-a", Stream(text=["All", gate]))
    exchange = await stage.start(desk)
    await stage.until(exchange, lambda: stage.text(exchange) == "All")
    draining = asyncio.create_task(stage.runs.drain(grace=20))
    gate.open()
    await draining
    assert (await kept(exchange)).row.state == "completed"


async def test_a_run_that_begins_during_the_shutdown_is_kept_as_interrupted(
    stage: Stage, desk: Desk, up: FakeUpstream
) -> None:
    opened = await stage.open(desk)
    await stage.runs.drain(grace=0)
    stage.send(opened)
    assert (await stage.end(opened.id))["state"] == "interrupted"
    assert up.requests == []


async def test_an_exchange_that_another_process_ended_stops_here(
    stage: Stage, desk: Desk, up: FakeUpstream
) -> None:
    gate = Gate()
    up.script("model-a", Stream(text=["Half", gate]))
    exchange = await stage.start(desk)
    await stage.until(exchange, lambda: stage.text(exchange) == "Half")
    ended = Exchange.objects.filter(pk=exchange)
    await database_sync_to_async(ended.update)(state="interrupted")
    assert (await stage.end(exchange))["state"] == "interrupted"
    await up.left()


async def test_deleting_the_conversation_stops_its_runs(stage: Stage, desk: Desk, up: FakeUpstream) -> None:
    gate = Gate()
    up.script("model-a", Stream(text=["Half", gate]))
    exchange = await stage.start(desk)
    await stage.until(exchange, lambda: stage.text(exchange) == "Half")
    await database_sync_to_async(conversation_delete)(conversation=desk.conversation)
    await up.left()
    await stage.end(exchange)
    assert not await database_sync_to_async(Trace.objects.exists)()


async def test_a_hundred_runs_that_are_stopped_at_once_leave_room_for_the_next(
    stage: Stage, desk: Desk, up: FakeUpstream
) -> None:
    gate = Gate()
    up.script("model-a", Stream(text=["Half", gate]))
    exchanges = [await stage.start(desk) for _ in range(100)]
    await up.requested(100)
    for exchange in exchanges:
        await stage.journal.request_stop(exchange)
    for exchange in exchanges:
        assert (await stage.end(exchange))["state"] == "stopped"
    await up.left(100)
    gate.open()
    assert (await stage.end(await stage.start(desk)))["state"] == "completed"
