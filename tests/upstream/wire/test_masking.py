"""A secret never leaves the wire: not in updates, documents, errors, the raw record or the sent request."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.upstream.wire.cases import assert_adds_up, cut, per_byte, shown
from upstream.wire.capture import DOTS, NO_SECRETS, Secrets, mask, sent
from upstream.wire.events import Update
from upstream.wire.reader import Outcome, ResponseReader
from upstream.wire.request import Draft, Endpoint, request_build

KEY = "sk-canary-1234567890-abcdefghijkl"
SECRETS = Secrets([KEY])
BEGINNING = KEY[:6]


def endpoint(key: str = KEY, **rest: Any) -> Endpoint:
    return Endpoint("https://api.example.org/v1", key=key, **rest)


def read(body: bytes, reads: list[bytes] | None = None, **rest: Any) -> tuple[Outcome, list[Update], bytes]:
    about: dict[str, Any] = {"status": 200, "content_type": "", "secrets": SECRETS, **rest}
    reader = ResponseReader(**about)
    updates: list[Update] = []
    raw = b""
    for data in reads or [body]:
        updates += reader.feed(data)
        raw += reader.take_raw()
    outcome = reader.close()
    return outcome, updates + outcome.updates, raw + outcome.raw


def stream(pieces: list[str], field: str = "content") -> bytes:
    deltas: list[dict[str, Any]] = [{field: piece} for piece in pieces]
    if field == "arguments":
        deltas = [{"tool_calls": [{"index": 0, "id": "c", "function": {field: piece}}]} for piece in pieces]
    events = [json.dumps({"choices": [{"index": 0, "delta": delta}]}) for delta in deltas]
    return "".join(f"data: {event}\n\n" for event in [*events, "[DONE]"]).encode()


def assert_nowhere(outcome: Outcome, updates: list[Update], raw: bytes, secret: str = KEY) -> None:
    for text in (repr(updates), json.dumps(outcome.response, ensure_ascii=False), raw.decode()):
        assert secret not in text
    if outcome.error is not None:
        assert secret not in json.dumps(outcome.error.to_json(), ensure_ascii=False)


def joined(raw: bytes) -> str:
    """Return all strings of the raw events, one after the other: where a key in pieces would be whole again."""
    out: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, str):
            out.append(value)
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(item)

    for line in raw.decode().split("\n"):
        if line.startswith("data: {"):
            walk(json.loads(line[6:]))
    return "".join(out)


def test_the_mask_shows_the_last_four_characters_of_a_long_key_only() -> None:
    assert mask(KEY) == DOTS + "ijkl"
    assert mask("sk-123456789012") == DOTS


def test_headers_are_masked_by_name_and_by_value() -> None:
    secrets = Secrets.of(endpoint(extra_headers=(("X-Team", "blue"), ("X-Token", "Token abcdefghijklmnop"))))
    headers = secrets.headers(
        [
            ("Authorization", f"Bearer {KEY}"),
            ("x-team", "red"),
            ("X-Other", f"{KEY}!"),
            ("Accept", "a"),
            ("Set-Cookie", "s=1"),
        ]
    )
    assert dict(headers) == {
        "Authorization": f"Bearer {DOTS}ijkl",
        "x-team": DOTS,
        "X-Other": f"{DOTS}ijkl!",
        "Accept": "a",
        "Set-Cookie": DOTS,
    }
    assert secrets.text("abcdefghijklmnop") == DOTS


def test_a_key_header_of_any_name_is_masked_by_name() -> None:
    secrets = Secrets.of(endpoint("EMPTY", auth="header", auth_header="X-My-Key"))
    assert secrets.headers([("x-my-key", "EMPTY")]) == (("x-my-key", DOTS),)


@pytest.mark.parametrize("key", ["", "EMPTY", "token", "sk-1234567"])
def test_a_short_key_masks_no_words(key: str) -> None:
    secrets = Secrets.of(endpoint(key))
    assert not secrets
    text = f"An {key} word"
    outcome, _, raw = read(stream([text]), secrets=secrets)
    assert outcome.response["choices"][0]["message"]["content"] == text
    assert raw == stream([text])


def test_the_sent_request_holds_no_key() -> None:
    draft = Draft(
        endpoint=Endpoint(
            "https://api.example.org/v1?key=" + KEY, key=KEY, extra_headers=(("X-Org", "org-1234567890123"),)
        ),
        path="/chat/completions",
        model="m",
        messages=({"role": "user", "content": f"my key is {KEY}"},),
        parameters={"user": f'"{KEY}"'},
    )
    kept = sent(request_build(draft), Secrets.of(draft.endpoint))
    assert KEY not in repr(kept)
    assert "org-1234567890123" not in repr(kept)
    assert ("Authorization", f"Bearer {DOTS}ijkl") in kept.headers


def test_the_key_is_in_no_repr() -> None:
    extra = (("X-Org", KEY),)
    draft = Draft(endpoint=endpoint(extra_headers=extra), path="/x", model="m", messages=(), parameters={})
    assert KEY not in repr(draft) + repr(request_build(draft))


@pytest.mark.parametrize("field", ["content", "reasoning_content", "reasoning", "refusal", "arguments"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_key_said_in_pieces_is_masked_everywhere(field: str, data: st.DataObject) -> None:
    text = "my key is " + KEY + ", s" + KEY + "k-can"
    body = stream(cut_text(text, data.draw(st.lists(st.integers(1, 12), min_size=4, max_size=30))), field)
    reads = cut(body, data.draw(st.lists(st.integers(1, 400), max_size=20)))
    outcome, updates, raw = read(body, reads)
    assert_nowhere(outcome, updates, raw)
    assert KEY not in joined(raw)
    assert_adds_up(updates, outcome.response)
    said = "".join(text for (_, part), text in shown(updates).items() if not part.startswith("id"))
    for left in (said, joined(raw)):
        assert BEGINNING not in left
    assert raw.count(b"\n\n") == body.count(b"\n\n")


def cut_text(text: str, lengths: list[int]) -> list[str]:
    pieces = []
    position = 0
    for length in lengths:
        pieces.append(text[position : position + length])
        position += length
    return [*pieces, text[position:]]


def test_what_is_no_key_after_all_is_given_when_that_is_clear() -> None:
    pieces = ["It is sk-can", "ary-12", "34 or so"]
    outcome, updates, raw = read(stream(pieces), [*per_byte(stream(pieces))])
    assert shown(updates) == {(0, "content"): "It is sk-canary-1234 or so"}
    assert outcome.response["choices"][0]["message"]["content"] == "It is sk-canary-1234 or so"
    assert raw == stream(pieces)


def test_text_is_held_back_only_from_where_a_key_may_begin() -> None:
    reader = ResponseReader(status=200, content_type="", secrets=SECRETS)
    body = stream(["It is sk-can"]).split(b"data: [DONE]")[0]
    assert shown(reader.feed(body)) == {(0, "content"): "It is "}
    assert reader.take_raw() == b""
    assert shown(reader.feed(stream(["e and more"]))) == {(0, "content"): "sk-cane and more"}
    assert reader.take_raw() == body + stream(["e and more"])


def test_a_key_in_pieces_is_taken_out_of_logprobs_too() -> None:
    events = []
    for token in ("key ", "sk-canary-", "1234567890", "-abcdefghijkl", "."):
        entry = {
            "token": token,
            "logprob": -1,
            "bytes": list(token.encode()),
            "top_logprobs": [{"token": token}],
        }
        choice = {"index": 0, "delta": {"content": token}, "logprobs": {"content": [entry]}}
        events.append(json.dumps({"choices": [choice]}))
    body = "".join(f"data: {event}\n\n" for event in events).encode()
    outcome, updates, raw = read(body, cut(body, [200] * 5))
    assert_nowhere(outcome, updates, raw)
    tokens = [entry["token"] for entry in outcome.response["choices"][0]["logprobs"]["content"]]
    assert KEY not in "".join(tokens)
    assert KEY not in "".join(str(entry) for entry in outcome.response["choices"][0]["logprobs"]["content"])
    assert "1234567890" not in raw.decode()
    assert "1234567890" not in json.dumps(outcome.response)


SPELLINGS = [KEY, "".join(f"\\u{ord(c):04x}" for c in KEY), KEY.replace("-", "\\u002d")]
ECHOES = [
    'data: {"id":"KEY","choices":[{"index":0,"delta":{"content":"a KEY b"}}],"usage":{"KEY":1}}\n\n',
    'data: {"error":{"message":"Incorrect API key provided: KEY","code":"invalid_api_key"}}\n\n',
    'error: {"message":"KEY"}\n\n',
    ": KEY\n\ndata: KEY\n\n",
    "KEY\n\ndata: KEY",
    '{"choices":[{"message":{"role":"assistant","content":"KEY","tool_calls":[{"id":"KEY"}]}}],"model":"KEY"}',
    '{"error":{"message":"KEY","param":"KEY","type":"KEY","code":"KEY"}}',
    '{"message":{"role":"assistant","content":"KEY"}}\n{"done_reason":"KEY","message":{}}\n',
    "<html><title>KEY</title>KEY</html>",
    "Invalid key KEY",
    '{"broken": "KEY',
]
# Only JSON has escapes.
ECHOED = [(body, spelling) for body in ECHOES for spelling in SPELLINGS if spelling == KEY or "{" in body]


@pytest.mark.parametrize(("body", "spelling"), ECHOED)
@pytest.mark.parametrize("status", [200, 401])
def test_an_echoed_key_is_masked_in_every_shape_of_response(body: str, spelling: str, status: int) -> None:
    sent = body.replace("KEY", spelling).encode()
    for reads in ([sent], per_byte(sent)):
        outcome, updates, raw = read(sent, reads, status=status, headers=[("Location", KEY), ("x", KEY)])
        assert_nowhere(outcome, updates, raw)
        if '{"broken' not in body and ": KEY" not in body:
            assert spelling not in raw.decode()
            for line in raw.decode().split("\n"):
                if "{" in line and not body.startswith("<"):
                    assert KEY not in str(json.loads(line[line.index("{") :]))


def test_a_key_with_characters_that_are_escaped_is_masked_in_each_spelling() -> None:
    key = "a/b+c&d<e>f=\"g'hi"
    secrets = Secrets([key])
    for spelling in (
        json.dumps(key),
        json.dumps(key).replace("/", "\\/"),
        json.dumps(key).replace("&", "\\u0026"),
    ):
        assert DOTS in secrets.text(spelling) or key in spelling.replace("\\u0026", "&")
    outcome, _, raw = read(
        b'{"error":' + json.dumps(key).replace("/", "\\/").encode() + b"}", secrets=secrets
    )
    assert outcome.error is not None
    assert outcome.error.message == DOTS
    assert b"g'hi" not in raw


def test_nothing_is_masked_without_secrets() -> None:
    assert not NO_SECRETS
    assert NO_SECRETS.text(KEY) == KEY
    assert NO_SECRETS.headers([("Authorization", "Bearer x")]) == (("Authorization", f"Bearer {DOTS}"),)


def test_a_redirect_to_an_address_with_the_key_does_not_show_it() -> None:
    outcome, updates, raw = read(b"", status=302, headers=[("Location", f"https://x/?key={KEY}")])
    assert outcome.error is not None
    assert DOTS in outcome.error.message
    assert_nowhere(outcome, updates, raw)
