"""How fast the wire reads: our reader beside httpx-sse + json on the same bytes, interleaved in one run.

    python bench/wire.py [--rounds 30] [--read 1460]

Both get the bytes in the same reads. Ours decodes, assembles, keeps the raw record and makes the updates; theirs
decodes the events and parses each as JSON. Prints medians of CPU time: MB/s, events/s, µs per event. Needs the recorded
streams (PLAYGROUND_STREAMS or ../shared/streams).
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
from httpx_sse import EventSource

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from upstream.wire.capture import NO_SECRETS, Secrets  # noqa: E402 - the path comes first
from upstream.wire.reader import ResponseReader  # noqa: E402 - the path comes first

KEY = Secrets(["sk-bench-0123456789abcdef0123456789abcdef"])


def recorded() -> tuple[str, bytes]:
    """Return the name and the bytes of the largest recorded stream."""
    folder = Path(os.environ.get("PLAYGROUND_STREAMS") or ROOT.parent / "shared" / "streams")
    cases = [json.loads(path.read_text()) for path in folder.glob("*-sse.json")]
    if not cases:
        raise SystemExit(f"No recorded streams in {folder}; set PLAYGROUND_STREAMS.")
    case = max(cases, key=lambda case: len(case["sse"]))
    return case["id"], case["sse"].encode()


def plain(tokens: int) -> bytes:
    """Return a stream of ordinary one-choice content deltas."""
    chunk = (
        b'data: {"id":"chatcmpl-0123456789","object":"chat.completion.chunk","created":1700000000,"model":"m",'
        b'"choices":[{"index":0,"delta":{"content":" token"},"logprobs":null,"finish_reason":null}]}\n\n'
    )
    return chunk * tokens + b"data: [DONE]\n\n"


def ours(reads: list[bytes], secrets: Secrets) -> int:
    reader = ResponseReader(status=200, content_type="text/event-stream", secrets=secrets)
    updates = 0
    for data in reads:
        updates += len(reader.feed(data))
        reader.take_raw()
    outcome = reader.close()
    return updates + len(outcome.updates)


class _Reads(httpx.SyncByteStream):
    def __init__(self, reads: list[bytes]) -> None:
        self._reads = reads

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._reads)


def theirs(reads: list[bytes]) -> int:
    response = httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=_Reads(reads))
    parsed = 0
    for event in EventSource(response).iter_sse():
        if event.data != "[DONE]":
            json.loads(event.data)
            parsed += 1
    return parsed


def compare(name: str, body: bytes, read: int, rounds: int) -> None:
    reads = [body[i : i + read] for i in range(0, len(body), read)] if read else body.split(b"\n\n")
    if not read:
        reads = [piece + b"\n\n" for piece in reads if piece]
    events = body.replace(b"\r\n", b"\n").count(b"\n\n")
    runs: dict[str, Callable[[], int]] = {
        "reader": lambda: ours(reads, NO_SECRETS),
        "reader, masking": lambda: ours(reads, KEY),
        "httpx-sse + json": lambda: theirs(reads),
    }
    times: dict[str, list[float]] = {label: [] for label in runs}
    for _ in range(rounds):
        for label, run in runs.items():
            begin = time.process_time()
            run()
            times[label].append(time.process_time() - begin)
    size = f"reads of {read} bytes" if read else "a read per event"
    print(f"{name}: {len(body):,} bytes, {events:,} events, {size}")
    for label, taken in times.items():
        seconds = statistics.median(taken)
        print(
            f"  {label:18} {len(body) / seconds / 1e6:8.1f} MB/s {events / seconds:10,.0f} events/s "
            f"{seconds / events * 1e6:6.2f} µs/event"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="Reader beside httpx-sse + json, same bytes, same run.")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--read", type=int, default=1460)
    arguments = parser.parse_args()
    name, body = recorded()
    compare(name, body, arguments.read, arguments.rounds)
    compare(name, body, 0, arguments.rounds)
    compare("plain deltas", plain(5_000), arguments.read, max(arguments.rounds // 3, 5))
    compare("plain deltas", plain(5_000), 0, max(arguments.rounds // 3, 5))


if __name__ == "__main__":
    main()
