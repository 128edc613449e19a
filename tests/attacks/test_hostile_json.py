"""Row 12: JSON that is meant to break its reader, through every entry that takes JSON from the workbench."""

import json
from collections.abc import Mapping

import pytest

from tests.attacks.actors import ask
from tests.fakes import FakeUpstream
from tests.playground.pages import Page

pytestmark = pytest.mark.served

DEEP = '{"a":' * 10_000 + "1" + "}" * 10_000
TEXTS = {
    "not a number": '{"temperature": NaN}',
    "infinity": '{"x": -Infinity, "y": 1e999999}',
    "members twice": '{"model": "a", "model": "b", "x": 1, "x": 2}',
    "deep": DEEP,
    "deep and unfinished": "[" * 200_000,
    "5 MB of one text": json.dumps({"x": "a" * 5_000_000}),
    "many members": json.dumps({f"p{number}": "1" for number in range(40_000)}),
    "half a character": '{"x": "\\ud800"}',
    "null characters": '{"\\u0000": "\\u0000"}',
    "a number of many digits": '{"x": ' + "9" * 100_000 + "}",
    "another type": "[[], null, 0]",
    "no JSON": "\x00\x01{",
}
PLACES: Mapping[str, tuple[str, str]] = {
    "the hidden field of a run": ("runs/00000000-0000-4000-8000-00000000{number:04}/", "parameters"),
    "a message typed as JSON, run": ("runs/00000000-0000-4000-9000-00000000{number:04}/", "raw"),
    "a message typed as JSON, added": ("messages/", "raw"),
    "attached parts": ("messages/", "parts"),
    "the settings of a column": ("settings/", "parameters"),
    "the preview": ("preview/", "parameters"),
    "the rows of another provider": ("parameters/", "parameters"),
    "the body that is edited": ("body/reading/", "body"),
}


@pytest.mark.parametrize("place", PLACES)
def test_json_that_is_meant_to_break_its_reader_is_data_or_a_clear_refusal(place: str, alice: Page) -> None:
    path, field = PLACES[place]
    for number, (name, text) in enumerate(TEXTS.items()):
        fields = alice.fields("Hi") | {field: text}
        answer = ask(
            alice, "POST", f"/conversations/{alice.conversation}/{path.format(number=number)}", fields
        )
        assert answer.status_code in (200, 204, 400, 409, 413, 422), (name, answer.status_code)
        assert "Traceback" not in answer.text, name
        if answer.status_code >= 400:
            assert len(answer.text) < 100_000, f"{name}: a refusal does not repeat what it refuses"


def test_names_that_javascript_fears_reach_the_upstream_as_they_are(
    alice: Page, upstream: FakeUpstream
) -> None:
    extra = '{"__proto__": {"admin": true}, "constructor": 1.0, "toString": null}'

    sent = alice.send("Hi", parameters=json.dumps({"": extra}))

    assert sent.response.status_code == 200
    body = upstream.wait_for_request().body.decode()
    assert body.endswith(',"__proto__":{"admin": true},"constructor":1.0,"toString":null}')
