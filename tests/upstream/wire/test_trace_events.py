"""The events of a kept trace: reading them by what they share with the last one gives what reading each alone gives."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upstream.wire.events import RawEvent
from upstream.wire.sse import events_of, is_stream

STREAMS = sorted((Path(__file__).parents[2] / "streams").glob("*.sse"))

TEXTS = st.lists(
    st.text(st.characters(codec="utf-8"), max_size=4)
    | st.sampled_from(["<think>", "</think>", "a", " b", "\\", '"', "\ud83d", "\x00", "{", "content"]),
    max_size=12,
)


def each_alone(raw: bytes) -> list[RawEvent]:
    """Read every event as if it were the only one."""
    events: list[RawEvent] = []
    for event in events_of(raw):
        (alone,) = events_of(raw[event.start : event.end], stream=is_stream(raw))
        events.append(replace(alone, start=alone.start + event.start, end=alone.end + event.start))
    return events


@given(
    TEXTS,
    st.sampled_from(["content", "reasoning_content"]),
    st.booleans(),
    st.sampled_from([b"\n\n", b"\r\n\r\n"]),
)
def test_equal_events_with_other_texts(texts: list[str], name: str, ascii_only: bool, end: bytes) -> None:
    documents = ({"id": "x", "choices": [{"index": 0, "delta": {name: text}}]} for text in texts)
    lines = (
        json.dumps(document, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
        for document in documents
    )
    raw = b"".join(b"data: " + line + end for line in lines)
    assert list(events_of(raw)) == each_alone(raw)


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
def test_every_stream_of_ours(path: Path) -> None:
    raw = path.read_bytes()
    found = list(events_of(raw))
    assert found == each_alone(raw)
    assert [event.end for event in found[:-1]] == [event.start for event in found[1:]]


@given(st.binary(max_size=200))
def test_any_bytes_are_covered_by_events(raw: bytes) -> None:
    found = list(events_of(b"data: " + raw))
    assert found[-1].end == len(raw) + 6
