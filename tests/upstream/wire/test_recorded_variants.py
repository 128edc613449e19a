"""The recorded streams as other senders would have written them: the same answer in other words, the same result."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from tests.upstream.wire.cases import Case, assert_expected, cut, ids, recorded, replay

CASES: Final = [case for case in recorded() if case.id.endswith("-sse")]


def each(change: Callable[[Any], Any], **options: Any) -> Callable[[bytes], bytes]:
    """Return what changes every JSON document of a stream and writes it anew."""

    def line(text: str) -> str:
        field, space, data = text.partition("data: " if text.startswith("data: ") else "data:")
        if field or not space:
            return text
        try:
            return space + json.dumps(change(json.loads(data)), **options)
        except ValueError:
            return text

    return lambda body: "\n".join(line(text.rstrip("\r")) for text in body.decode().split("\n")).encode()


def everywhere(value: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """Return the value with every object in it changed, the innermost first."""
    if isinstance(value, dict):
        return change({name: everywhere(item, change) for name, item in value.items()})
    return [everywhere(item, change) for item in value] if isinstance(value, list) else value


def turned_round(document: Any) -> Any:
    return everywhere(document, lambda members: dict(reversed(members.items())))


def index_in_digits(document: Any) -> Any:
    return everywhere(
        document,
        lambda members: {
            name: str(value) if name == "index" and isinstance(value, int) else value
            for name, value in members.items()
        },
    )


def bare(document: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in document.items() if name not in ("object", "created", "model", "id")
    }


def with_more(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "p": "abc", "x_more": {"choices": [{"delta": {"content": "no"}}]}}


def line_ends(end: bytes) -> Callable[[bytes], bytes]:
    return lambda body: body.replace(b"\r\n", b"\n").replace(b"\n", end)


VARIANTS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "members turned round": each(turned_round),
    "indexes in digits": each(index_in_digits),
    "without id, model and date": each(bare),
    "with members nobody knows": each(with_more),
    "escaped": each(lambda document: document, ensure_ascii=True, separators=(",", ":")),
    "with letters as they are": each(lambda document: document, ensure_ascii=False),
    "CRLF": line_ends(b"\r\n"),
    "CR": line_ends(b"\r"),
    "no space after data": lambda body: body.replace(b"\ndata: ", b"\ndata:"),
    "comments between events": lambda body: body.replace(b"\n\ndata", b"\n\n: wait\n\ndata"),
    "a mark of byte order": lambda body: b"\xef\xbb\xbf" + body,
    "without [DONE]": lambda body: body.replace(b"data: [DONE]", b"").rstrip() + b"\n\n",
    "without its last blank line": lambda body: body.rstrip(b"\r\n"),
    "blank lines around": lambda body: b"\n\n\n" + body + b"\n\n\n",
}


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_a_recording_in_other_words_gives_what_is_expected(case: Case) -> None:
    for name, variant in VARIANTS.items():
        body = variant(case.body)
        done = replay(replace(case, body=body), cut(body, [997] * (len(body) // 997)))
        assert_expected(case, done.outcome)
        assert done.raw == body, name
