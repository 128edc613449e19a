"""Nothing that a provider can send crashes the reader, hangs it, or makes a document that cannot be stored."""

import json
import re
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.upstream.wire.cases import assert_adds_up, cut
from tests.upstream.wire.hostile import BODIES, CHUNKS, HEADERS, STATUSES, TYPES
from upstream.wire.assembly import Assembly
from upstream.wire.capture import NO_SECRETS, Secrets
from upstream.wire.error_bodies import error_in
from upstream.wire.events import Update
from upstream.wire.reader import Outcome, ResponseReader
from upstream.wire.sse import events_of

SECRETS = Secrets(["sk-canary-1234567890-abcdefghijkl"])
CUTS = st.lists(st.integers(1, 300), max_size=12)


def read(
    body: bytes,
    lengths: list[int],
    status: int,
    content_type: str,
    headers: Any,
    secrets: Secrets = NO_SECRETS,
) -> tuple[Outcome, list[Update], bytes]:
    reader = ResponseReader(status=status, content_type=content_type, headers=headers, secrets=secrets)
    updates: list[Update] = []
    raw = b""
    for data in cut(body, lengths):
        updates += reader.feed(data)
        raw += reader.take_raw()
    outcome = reader.close()
    return outcome, updates + outcome.updates, raw + outcome.raw


def assert_storable(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    assert "\x00" not in text
    assert not re.search(r"(?<!\\)(?:\\\\)*\\u0000", text)
    text.encode("utf-8")


@given(BODIES, CUTS, STATUSES, TYPES, HEADERS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_response_ends_in_a_document_that_can_be_stored(
    body: bytes, lengths: list[int], status: int, content_type: str, headers: Any
) -> None:
    outcome, updates, raw = read(body, lengths, status, content_type, headers)
    assert raw == body
    assert_storable(outcome.response)
    assert isinstance(outcome.response["choices"], list)
    if outcome.error is not None:
        assert outcome.error.message
        assert_storable(outcome.error.to_json())
    if status >= 300:
        assert outcome.error is not None
    assert_adds_up(updates, outcome.response)
    assert sum(event.end - event.start for event in events_of(body)) in (len(body), len(body) - 3)


@given(BODIES, CUTS, STATUSES, TYPES)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_where_the_network_cuts_and_whether_we_mask_changes_nothing(
    body: bytes, lengths: list[int], status: int, content_type: str
) -> None:
    one, _, _ = read(body, [], status, content_type, ())
    many, _, raw = read(body, lengths, status, content_type, (), SECRETS)
    assert raw == body
    assert many.response == one.response
    assert (many.error and many.error.to_json()) == (one.error and one.error.to_json())


@given(st.lists(st.tuples(CHUNKS, st.integers(1, 3)), max_size=6))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_reading_repeated_events_by_template_gives_what_full_parsing_gives(
    events: list[tuple[dict[str, Any], int]],
) -> None:
    documents = [document for document, times in events for _ in range(times)]
    body = "".join(f"data: {json.dumps(document)}\n\n" for document in documents).encode()
    outcome, _, _ = read(body, [], 200, "text/event-stream", ())
    assembly = Assembly()
    for document in documents:
        parsed = json.loads(json.dumps(document))
        if error_in(parsed) is None or parsed.get("choices"):
            assembly.add(parsed)
        assembly.take()
    assembly.take(final=True)
    assert outcome.response == assembly.document()


@pytest.mark.parametrize(
    "body",
    [
        b'data: {"choices":[{"delta":' * 20_000,
        b'data: {"choices":[{"delta":{"content":"a"\n\n' * 20_000,
        b'data: {"a":\n\n' * 50_000,
        b"data: {\n\n" * 100_000,
        b"\n" * 1_000_000,
        b"\r\n" * 500_000,
        b"data\n" * 200_000,
        b": x\n" * 200_000,
        b"<" * 1_000_000,
        b"<script" * 140_000,
        b"<title" * 140_000,
        b"<!--" * 250_000,
        b"[" * 1_000_000,
        b'{"a":' * 200_000,
        b'{"error":"' + b"api key" * 140_000 + b'"}',
        b'{"message":"' + b"try again in " * 70_000 + b'"}',
        b'data: {"choices":[{"delta":{"content":"sk-canary-1234567890-abcdefghijk"}}]}\n\n' * 10_000,
        b'data: {"choices":[{"delta":{"content":"<think></thin"}}]}\n\n' * 10_000,
        b'data: {"choices":[{"delta":{"tool_calls":[{"function":{"name":"f","arguments":"{}}"}}]}}]}\n\n'
        * 3_000,
        b'data: {"choices":[{"message":{"content":"aaaaaaaaaaaaaaaaaaaa"}}]}\n\n' * 10_000,
    ],
    ids=lambda body: body[:24].decode(),
)
@pytest.mark.parametrize("status", [200, 400])
def test_a_megabyte_of_anything_is_read_in_seconds(body: bytes, status: int) -> None:
    begin = time.process_time()
    outcome, _, _ = read(body, [4096] * (len(body) // 4096), status, "", (), SECRETS)
    assert_storable(outcome.response)
    assert time.process_time() - begin < 5
