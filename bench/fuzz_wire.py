"""Feed mutated responses to the wire for a while, and say what broke.

    python bench/fuzz_wire.py --seconds 600 [--seed 1] [--keep failures/]

The corpus: the recorded streams (PLAYGROUND_STREAMS or ../shared/streams), the project's own, and bodies made by the
strategies of tests/upstream/wire/hostile.py. A case is one to three of them, mutated: values in their JSON replaced by
wrong ones, bytes flipped, cut, doubled, spliced; then read in random cuts, with and without masking. After each case:
no exception but StreamTooLong; the raw record is what came, or holds no key; the document can be stored; the updates
add up to the document; the key is nowhere; time per byte and memory stay within bounds. Exit status 1 if anything broke.
"""

import argparse
import json
import random
import resource
import sys
import time
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.upstream.wire.cases import assert_adds_up, cut, own, recorded  # noqa: E402 - the path comes first
from tests.upstream.wire.hostile import BODIES  # noqa: E402 - the path comes first
from upstream.wire.capture import NO_SECRETS, Secrets  # noqa: E402 - the path comes first
from upstream.wire.errors import StreamTooLong  # noqa: E402 - the path comes first
from upstream.wire.events import Update  # noqa: E402 - the path comes first
from upstream.wire.limits import Limits  # noqa: E402 - the path comes first
from upstream.wire.reader import ResponseReader  # noqa: E402 - the path comes first
from upstream.wire.sse import events_of  # noqa: E402 - the path comes first

KEY = "sk-canary-1234567890-abcdefghijkl"
SECRETS = Secrets([KEY])
LIMITS = Limits(total=4_000_000, event=1_000_000, parts=500)
TYPES = ("", "text/event-stream", "application/json", "application/x-ndjson", "text/html; charset=gbk")
STATUSES = (200,) * 6 + (201, 302, 400, 401, 404, 429, 500, 503)
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 10**30, 1e308, 0.5, "", "a", " ", [], {}, [None], [[]], {"a": {}}, [{}], "\ud83d",
    "\udc00", "\x00", "<think>", "</think>", "stop", {"type": "text", "text": "x"}, {"message": "x", "code": 429},
    [{"type": "thinking", "thinking": "x"}], {"index": 0, "function": {"name": "f", "arguments": "{}"}}, KEY, KEY[:9],
    KEY[9:], {"type": []}, {"type": {}, "text": "x"}, [{"type": [], "text": "x"}],
    {"role": "assistant", "content": "x"}, [{"index": 0, "delta": {"content": "x"}}], "x" * 3000,
)  # fmt: skip
PIECES = (
    b"\n", b"\n\n", b"\r", b"\r\n\r\n", b"data: ", b"data:", b": ", b"event: error\n", b"error: {}", b"[DONE]", b"{", b"}",
    b'"', b"\\", b"\\u0000", b"\\ud800", b"\xff", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"NaN", b"1e999", b"null", b"<html>",
    b"[" * 2000, b'{"a":' * 1200, b"9" * 5000, KEY.encode(), KEY[:7].encode(), b"<think>", b'"choices":null,',
)  # fmt: skip


class Fuzzer:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.corpus = [case.body for case in (*recorded(), *own()) if len(case.body) < 60_000]
        self.cases = self.read = 0
        self.slowest = 0.0
        self.worst: bytes = b""

    def grow(self, bodies: int) -> None:
        """Add bodies made by the test strategies."""
        from hypothesis import HealthCheck, Phase, given, seed, settings

        @seed(self.seed)
        @settings(max_examples=bodies, database=None, deadline=None, phases=[Phase.generate],
                  suppress_health_check=list(HealthCheck))  # fmt: skip
        @given(BODIES)
        def collect(body: bytes) -> None:
            self.corpus.append(body)

        collect()

    def body(self) -> bytes:
        pick = self.random.choice
        body = b"".join(pick(self.corpus) for _ in range(pick((1, 1, 1, 2, 3))))
        for _ in range(pick((0, 1, 1, 2, 4, 8))):
            body = pick((self._value, self._value, self._bytes, self._bytes, self._splice))(body)
        return body[:400_000]

    def _value(self, body: bytes) -> bytes:
        """Replace a value in the JSON of one line."""
        lines = body.split(b"\n")
        at = self.random.randrange(len(lines))
        prefix, brace, rest = lines[at].partition(b"{")
        try:
            document = json.loads(brace + rest)
        except (ValueError, RecursionError):
            return body
        places = list(_places(document))
        if places:
            parent, key = self.random.choice(places)
            action = self.random.random()
            if action < 0.75:
                parent[key] = self.random.choice(VALUES)
            elif isinstance(parent, dict):
                parent[self.random.choice(("content", "error", "message", "index", "id", "delta"))] = (
                    parent.pop(key)
                )
        lines[at] = prefix + json.dumps(document).encode()
        return b"\n".join(lines)

    def _bytes(self, body: bytes) -> bytes:
        at = self.random.randrange(len(body) + 1)
        end = min(len(body), at + self.random.choice((0, 0, 1, 2, 30, 500)))
        return body[:at] + self.random.choice((b"", *PIECES)) + body[end:]

    def _splice(self, body: bytes) -> bytes:
        other = self.random.choice(self.corpus)
        at, where = self.random.randrange(len(body) + 1), self.random.randrange(len(other) + 1)
        return body[:at] + other[where : where + 400] + body[at:] if self.random.random() < 0.7 else body[:at]

    def step(self) -> bytes:
        """Read one case and check it; return its body."""
        body = self.body()
        try:
            self.check(body)
        except BaseException:
            self.worst = body
            raise
        self.cases += 1
        self.read += len(body)
        return body

    def check(self, body: bytes) -> None:
        pick = self.random.choice
        secrets = pick((NO_SECRETS, SECRETS))
        largest = pick((3, 40, 1460, 65_536))
        lengths = [self.random.randint(1, largest) for _ in range(min(len(body) // largest * 2 + 1, 3_000))]
        reader = ResponseReader(
            status=pick(STATUSES), content_type=pick(TYPES), headers=[("Retry-After", pick(("1", "x", KEY)))],
            secrets=secrets, limits=LIMITS,
        )  # fmt: skip
        updates: list[Update] = []
        raw = b""
        fault = None
        begin = time.process_time()
        try:
            for data in cut(body, lengths):
                updates += reader.feed(data)
                raw += reader.take_raw()
        except StreamTooLong as too_long:
            fault = too_long
        outcome = reader.close(fault)
        taken = time.process_time() - begin
        self.slowest = max(self.slowest, taken)
        updates += outcome.updates
        raw += outcome.raw
        assert taken < 2 + len(body) * 20e-6 + len(lengths) * 100e-6, f"{taken:.2f} s for {len(body)} bytes"
        texts = [json.dumps(outcome.response, ensure_ascii=False, allow_nan=False), repr(updates)]
        if outcome.error is not None:
            texts.append(json.dumps(outcome.error.to_json(), ensure_ascii=False, allow_nan=False))
        for text in texts[::2]:
            text.encode()
        if fault is None:
            assert_adds_up(updates, outcome.response)
        if not secrets:
            assert fault or raw == body, "raw record differs"
        else:
            assert KEY not in "".join(texts), "key in what was given out"
            assert KEY.encode() not in raw, "key in the raw record"
        for event in events_of(raw[:100_000]):
            assert event.end > event.start


def _places(value: Any) -> Any:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(items):
        yield value, key
        yield from _places(item)


def main() -> int:
    parser = argparse.ArgumentParser(description="Feed mutated responses to the wire for a while.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"))
    arguments = parser.parse_args()
    fuzzer = Fuzzer(arguments.seed)
    fuzzer.grow(2_000)
    print(f"seed {arguments.seed}, corpus {len(fuzzer.corpus)} bodies", flush=True)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    end = time.monotonic() + arguments.seconds
    broken: dict[str, int] = {}
    while time.monotonic() < end:
        try:
            fuzzer.step()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
            where = traceback.extract_tb(error.__traceback__)[-1]
            name = f"{type(error).__name__}: {str(error)[:80]} at {Path(where.filename).name}:{where.lineno}"
            broken[name] = broken.get(name, 0) + 1
            if broken[name] == 1:
                arguments.keep.mkdir(parents=True, exist_ok=True)
                path = arguments.keep / f"{arguments.seed}-{fuzzer.cases}.bin"
                path.write_bytes(fuzzer.worst)
                print(f"{name} ({path})", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{fuzzer.cases:,} cases, {fuzzer.read / 1e6:,.0f} MB in {arguments.seconds:.0f} s; "
        f"slowest {fuzzer.slowest * 1e3:.0f} ms; memory {memory // 1024} → {peak // 1024} MB; "
        f"{sum(broken.values())} broken in {len(broken)} ways"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
