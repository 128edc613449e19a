"""The framing follows the WHATWG event stream, in linear time and bounded memory."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.upstream.wire.cases import cut
from upstream.wire.errors import StreamTooLong
from upstream.wire.framing import Framer, normalize, parse
from upstream.wire.limits import Limits

ALPHABET = [
    b"\n",
    b"\r",
    b"\r\n",
    b"data",
    b":",
    b" ",
    b"a",
    b"event",
    b"id",
    b"retry",
    b"12",
    b"\xc3\xa9",
    b"\xe2\x80\xa8",
]
BODIES = st.lists(st.sampled_from(ALPHABET), max_size=60).map(b"".join)
CUTS = st.lists(st.integers(1, 9), max_size=30)

Events = list[tuple[str, str]]


def by_the_book(body: bytes) -> Events:
    """The standard's own algorithm, line by line; a last event without its blank line counts too."""
    text = body.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    events: Events = []
    name, data = "", None
    for line in [*text.split("\n"), ""]:
        if not line:
            if data is not None:
                events.append((name, data))
            name, data = "", None
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            data = value if data is None else f"{data}\n{value}"
        elif field == "event":
            name = value
    return events


def events_in(frames: bytes) -> Events:
    parsed = [parse(block) for block in normalize(frames.decode("utf-8", "replace")).split("\n\n")]
    return [(event.name, "\n".join(event.data)) for event in parsed if event.data is not None]


@given(BODIES, CUTS)
@example(b"data: a\r\n\r\ndata: b", [9, 1])
@example(b"data: a\r\rdata: b\n\r", [8])
@settings(max_examples=600, deadline=None)
def test_any_body_in_any_cut_gives_the_events_of_the_standard(body: bytes, lengths: list[int]) -> None:
    framer = Framer()
    frames = [framer.feed(read) for read in cut(body, lengths)]
    rest = framer.close()
    assert b"".join(frames) + rest == body
    seen = [event for frame in frames if frame for event in events_in(frame)]
    assert seen + (events_in(rest) if rest else []) == by_the_book(body)


@given(BODIES, CUTS)
@settings(max_examples=300, deadline=None)
def test_frames_end_at_blank_lines_only(body: bytes, lengths: list[int]) -> None:
    framer = Framer()
    for read in cut(body, lengths):
        frame = framer.feed(read)
        assert not frame or normalize(frame.decode("utf-8", "replace")).endswith("\n\n")


def test_fields_are_read_with_and_without_the_space_and_odd_lines_are_kept() -> None:
    event = parse(
        "event: error\nid:7\nretry: 3000\n: ping\n:pong\ndata:a\ndata:  b\ndata\nwhat: ever\nerror: {}"
    )
    assert (event.name, event.id, event.retry) == ("error", "7", 3000)
    assert event.comments == ["ping", "pong"]
    assert event.data == ["a", " b", ""]
    assert event.strays == ["what: ever", "error: {}"]


def test_retry_and_id_that_the_standard_ignores_are_ignored() -> None:
    event = parse("retry: soon\nid: a\0b")
    assert event.retry is None
    assert event.id == ""


def test_an_event_past_the_bound_is_refused_and_its_bytes_are_not_lost() -> None:
    framer = Framer(Limits(event=100))
    framer.feed(b"data: " + b"a" * 90)
    with pytest.raises(StreamTooLong, match="100 bytes"):
        framer.feed(b"a" * 20)
    assert len(framer.close()) == 116


@pytest.mark.parametrize("ending", [b"\n\n", b"\r\n\r\n", b"\r\r"])
def test_a_large_event_in_small_reads_takes_linear_time(ending: bytes) -> None:
    def seconds(size: int) -> float:
        framer = Framer()
        begin = time.process_time()
        for _ in range(size // 100):
            framer.feed(b"\r" * (ending[:1] == b"\r") + b"data: aaaaaaaa" * 7)
        framer.feed(ending)
        return time.process_time() - begin

    seconds(100_000)
    small, large = seconds(400_000), seconds(4_000_000)
    assert large < max(small, 0.004) * 40
