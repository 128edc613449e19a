"""`manage.py assemble`: files and lines in, JSON out, clear words for what it cannot read."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.upstream.wire.cases import OWN


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("assemble", *arguments, stdout=out)
    return out.getvalue()


def lines(path: Path, *items: Any) -> str:
    path.write_text("".join(json.dumps(item) + "\n" for item in items))
    return str(path)


def test_a_raw_stream_prints_the_assembled_response() -> None:
    response = json.loads(run(str(OWN / "01-role-in-every-chunk.sse")))
    assert response["choices"][0]["message"] == {"role": "assistant", "content": "Hello"}


def test_a_failed_stream_prints_the_error_and_the_text_so_far() -> None:
    printed = json.loads(run(str(OWN / "12-error-event.sse")))
    assert printed["error"]["message"] == "Tool choice is required"
    assert printed["error"]["kind"] == "invalid_request"
    assert printed["response"]["choices"][0]["message"]["content"] == "maybe"


def test_a_raw_body_can_be_given_its_status() -> None:
    printed = json.loads(run(str(OWN / "13-error-string.body.json"), "--status", "401"))
    assert printed["error"]["status"] == 401
    assert printed["error"]["type"] == "AuthenticationFailed"


def test_a_recorded_case_is_read_with_its_own_status(tmp_path: Path) -> None:
    case = {
        "id": "c",
        "status": 429,
        "headers": {"Retry-After": "3"},
        "body_text": '{"error":{"message":"slow"}}',
    }
    path = tmp_path / "case.json"
    path.write_text(json.dumps(case))
    printed = json.loads(run(str(path)))
    assert printed["error"]["retry_after"] == 3
    assert printed["id"] == "c"


def test_each_line_gives_one_line(tmp_path: Path) -> None:
    body = (
        'data: {"choices":[{"index":0,"delta":{"reasoning":"hm","content":"a"},"finish_reason":"stop"}]}\n\n'
    )
    path = lines(
        tmp_path / "in.jsonl",
        {"id": 1, "status": 200, "content_type": "text/event-stream", "body": body},
        {
            "id": "two",
            "status": 400,
            "content_type": "application/json",
            "body": '{"error":{"message":"no","param":"n","code":"c"}}',
        },
    )
    one, two = (json.loads(line) for line in run("--jsonl", path).splitlines())
    assert one["id"] == 1
    assert one["error"] is None
    assert one["response"]["choices"][0]["message"] == {
        "role": None,
        "content": "a",
        "reasoning_content": "hm",
    }
    assert {key: two["error"][key] for key in ("type", "message", "status", "code", "param")} == {
        "type": "InvalidRequest", "message": "no", "status": 400, "code": "c", "param": "n",
    }  # fmt: skip
    assert two["response"]["choices"] == []


@pytest.mark.parametrize(
    ("status", "error"),
    [("429", "RateLimited"), (429, "RateLimited"), (None, None), ("", None), ("many", None), (200.0, None)],
)
def test_a_status_may_be_missing_or_in_digits(tmp_path: Path, status: Any, error: str | None) -> None:
    line = {"id": None, "status": status, "content_type": None, "body": {"choices": []}}
    printed = json.loads(run("--jsonl", lines(tmp_path / "in.jsonl", line)))
    assert (printed["error"] or {}).get("type") == error


def test_standard_input_is_read_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    line = json.dumps({"id": 1, "status": 200, "content_type": "", "body": '{"choices":[]}'}).encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(line + b"\n\n" + line)))
    assert len(run("--jsonl", "-").splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Name files"),
        (("/no/such/file",), "No such file"),
        (("--jsonl", "/no/such/file"), "No such file"),
    ],
)
def test_what_cannot_be_read_is_said(arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        run(*arguments)


@pytest.mark.parametrize("line", ["{", "[]", '{"id":1}'])
def test_a_bad_line_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"id":1,"body":"{}"}\n' + line)
    with pytest.raises(CommandError, match="Line 2"):
        run("--jsonl", str(path))
