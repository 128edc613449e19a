"""The index of a stream is the same however the stream was kept, and a part of it is the part of the whole."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.selectors import TraceRow
from playground.event_index import EventIndex, EventIndexes
from tests.playground.exchanges import chunk
from upstream.wire.sse import events_of

STREAMS = sorted((Path(__file__).parents[1] / "streams").glob("*.sse"))


def rows(raw: bytes, cuts: list[int]) -> list[TraceRow]:
    """Return a raw response kept in stretches that end at these places."""
    ends = sorted({min(cut, len(raw)) for cut in cuts} | {len(raw)})
    starts = [0, *ends[:-1]]
    return [
        TraceRow(n * 2, raw[start:end], ((end - start, 10.0 * n),))
        for n, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]


def shape(index: EventIndex) -> list[tuple[int, int, str, str]]:
    entries = [index.entry(number) for number in range(1, len(index) + 1)]
    return [(entry.start, entry.end, entry.kind, entry.text) for entry in entries]


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
def test_a_stream_kept_in_stretches_has_the_same_events(path: Path) -> None:
    raw = path.read_bytes()
    whole, grown = EventIndex(), EventIndex()
    whole.extend(rows(raw, []))
    for row in rows(raw, [event.end for event in events_of(raw)]):
        grown.extend([row])
    assert shape(grown) == shape(whole) == [(e.start, e.end, e.kind, e.text) for e in events_of(raw)]
    assert grown.size == len(raw)


TEXTS = st.lists(
    st.sampled_from(["a", " b", "<think>", "\n", '"', "世", "\\", "🙂", ""]), min_size=1, max_size=12
)


@given(TEXTS, st.lists(st.integers(0, 2_000), max_size=5))
def test_events_have_the_text_of_the_stream_wherever_it_was_cut(texts: list[str], cuts: list[int]) -> None:
    raw = b": hello\n\n" + b"".join(map(chunk, texts)) + b"data: [DONE]\n\n"
    index = EventIndex()
    for row in rows(raw, cuts):
        index.extend([row])
    kept = [event.text for event in events_of(raw)]
    assert index.texts == kept
    assert [index.ends[-1], index.size] == [len(raw), len(raw)]


def test_a_plain_body_that_comes_in_pieces_is_one_event() -> None:
    raw = b'{"id": 1,\n"choices": []}'
    index = EventIndex()
    for row in rows(raw, [5, 12]):
        index.extend([row])
    assert [(entry[0], entry[1]) for entry in shape(index)] == [(0, len(raw))]


def test_only_what_came_since_is_read_and_what_was_used_least_is_forgotten() -> None:
    kept = {uuid4(): rows(chunk("a") * 10, [100, 500]) for _exchange in range(3)}
    asked: list[int] = []

    def read(*, exchange_id: Any, after: int) -> Iterator[TraceRow]:
        asked.append(after)
        return iter([row for row in kept[exchange_id] if row.sequence > after])

    indexes = EventIndexes(rows=read, kept=25)
    first, second, third = kept
    assert len(indexes.of(first)) == 10
    assert len(indexes.of(first)) == 10
    indexes.of(second)
    indexes.of(third)
    indexes.of(first)
    assert asked == [-1, 4, -1, -1, -1]
