"""Code, export, import and running again through the pages of a served process."""

import json
import re
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.attacks.actors import MEMBER_KEY, ask, provider_add
from tests.attacks.kept import everything_kept
from tests.fakes import FakeUpstream, Stream
from tests.playground.pages import Page
from tests.served import Installation
from upstream.samples import LANGUAGES

pytestmark = pytest.mark.served

KEY = "sk-canary-0123456789abcdef"  # of the team's provider
FORMS = ("json", "har", "markdown", "jsonl")


def answered(page: Page, upstream: FakeUpstream, message: str = "Hello", *, text: str = "Hi there") -> str:
    """Ask once and wait for the end; return the exchange."""
    upstream.script(page.model, Stream(text=[text]))
    exchange = page.send(message).exchange
    with page.socket() as socket:
        socket.follow(exchange)
        socket.until_end()
    return exchange


def importing(page: Page, text: str, *, deed: str = "make", **files: Any) -> httpx.Response:
    """Paste a text into the import page as its script does."""
    page.client.get("/import/")
    headers = {
        "Origin": page.process.url,
        "X-CSRFToken": page.client.cookies.get("csrftoken") or "",
        "HX-Request": "true",
    }
    sent: dict[str, Any] = {"text": (None, text), **files}
    return page.client.post(f"/import/{deed}/", files=sent, headers=headers)


def made(answer: httpx.Response) -> str:
    """Return the path of the conversation that an import made."""
    found = re.search(r'data-import-made="([^"]+)"', answer.text)
    assert found, answer.text
    return found[1]


def test_no_code_and_no_export_holds_a_key(page: Page, upstream: FakeUpstream) -> None:
    exchange = answered(page, upstream, f"My key is {KEY} by mistake", text=f"You said {KEY}")
    for language in LANGUAGES:
        code = page.client.get(f"/exchanges/{exchange}/code/", params={"language": language.id})
        assert code.status_code == 200
        assert "canary" not in code.text
        assert "API_KEY" in code.text
    for form in FORMS:
        for path in (f"/exchanges/{exchange}", f"/conversations/{page.conversation}"):
            file = page.client.get(f"{path}/export/{form}/")
            assert file.status_code == 200, path
            assert "canary" not in file.text
            assert file.headers["content-disposition"].startswith("attachment")
    assert page.client.get(f"/exchanges/{exchange}/export/nonsense/").status_code == 404


def test_the_language_is_remembered(page: Page, upstream: FakeUpstream) -> None:
    exchange = answered(page, upstream)
    path = f"/exchanges/{exchange}/code/"
    assert "curl " in page.client.get(path, params={"language": "curl"}).text
    page.client.get(path, params={"language": "ruby"})
    assert "net/http" in page.client.get(path).text
    page.client.get(path, params={"language": "klingon"})
    assert "net/http" in page.client.get(path).text


def test_a_long_body_is_read_from_a_file_that_can_be_had(page: Page, upstream: FakeUpstream) -> None:
    exchange = answered(page, upstream, "word " * 30_000)
    code = page.client.get(f"/exchanges/{exchange}/code/", params={"language": "curl"})
    assert "--data-binary @request.json" in code.text
    file = page.client.get(f"/exchanges/{exchange}/export/body/")
    assert file.content == upstream.requests[-1].body


@pytest.mark.parametrize("form", ["json", "har"])
def test_what_is_exported_can_be_imported_by_somebody_else(
    form: str, page: Page, upstream: FakeUpstream
) -> None:
    answered(page, upstream, "First 中文")
    answered(page, upstream, "Second 😀")
    text = page.client.get(f"/conversations/{page.conversation}/export/{form}/").text
    preview = importing(page, text, deed="preview")
    assert preview.status_code == 200
    assert "First 中文" in preview.text
    path = made(importing(page, text))
    shown = page.client.get(path).text
    assert "First 中文" in shown
    assert shown.count("Hi there") >= 2
    exchange = re.findall(r'data-exchange="([0-9a-f-]+)"', shown)[-1]
    for tab in ("request", "response", "events", "timing", "code"):
        assert page.client.get(f"/exchanges/{exchange}/{tab}/").status_code == 200
    assert "Second 😀" in page.client.get(f"/exchanges/{exchange}/request/").text
    if form == "json":
        again = json.loads(page.client.get(f"{path}export/json/").text)
        assert again["conversations"] == json.loads(text)["conversations"]


def test_lines_for_fine_tuning_are_what_was_said(page: Page, upstream: FakeUpstream) -> None:
    exchange = answered(page, upstream, "Hello")
    (line,) = page.client.get(f"/conversations/{page.conversation}/export/jsonl/").text.splitlines()
    said = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi there"}]
    assert json.loads(line) == {"messages": said}
    assert json.loads(page.client.get(f"/exchanges/{exchange}/export/jsonl/").text) == {"messages": said}
    assert "## assistant\n\nHi there" in page.client.get(f"/exchanges/{exchange}/export/markdown/").text


def test_secrets_of_an_import_are_named_and_kept_nowhere(
    page: Page, shared_installation: Installation
) -> None:
    secret = "sk-pasted-canary-0123456789"
    command = (
        f"curl 'https://h/v1/chat/completions?key={secret}' -H 'Authorization: Bearer {secret}' "
        f"""-d '{{"model":"m","temperature":0.70,"messages":[{{"role":"user","content":"it"}}],"user":"{secret}"}}'"""
    )
    preview = importing(page, command, deed="preview")
    assert "<code>Authorization</code>" in preview.text
    assert secret not in preview.text
    shown = page.client.get(made(importing(page, command))).text
    assert "0.70" in shown
    assert secret not in shown
    assert secret not in everything_kept(shared_installation)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", 422),
        ("{", 422),
        ("[" * 100_000, 422),
        ('{"__proto__": {}, "messages": [{"role": "user", "content": "\\ud800 \\u0000"}]}', 201),
        ('{"messages": [{"role": "user", "content": "a"}], "messages": []}', 201),
        (
            '{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": 5}}, 7, null]}]}',
            201,
        ),
        ('{"messages": [{"role": "user", "content": {"a": NaN}}]}', 422),
    ],
)
def test_hostile_texts_are_taken_as_data_or_refused(text: str, status: int, page: Page) -> None:
    answer = importing(page, text)
    assert answer.status_code == status
    if status == 201:
        assert page.client.get(made(answer)).status_code == 200


def test_files_are_bounded_and_must_be_text(page: Page) -> None:
    file = ("a.json", b"\xff{}", "application/json")
    assert importing(page, "", file=file).status_code == 422
    assert importing(page, "", file=("a.zip", b"PK\x03\x04", "application/zip")).status_code == 422
    utf16 = '{"messages": [{"role": "user", "content": "é"}]}'.encode("utf-16")
    assert importing(page, "", file=("a.json", utf16, "application/json")).status_code == 201
    large = ("a.json", b"[" + b"1," * 25_000_000 + b"1]", "application/json")
    assert importing(page, "", file=large).status_code == 413


# Run again


def test_the_same_bytes_go_to_another_provider_with_its_own_key_only(
    page: Page, upstream: FakeUpstream
) -> None:
    exchange = answered(page, upstream, "Hello 中文")
    first = upstream.requests[-1]
    provider = provider_add(page, base_url=f"{upstream.origin}/other/v1", key=MEMBER_KEY)
    assert "Run again" in page.client.get(f"/exchanges/{exchange}/again/").text
    run = uuid4()
    for _ in range(2):
        answer = ask(page, "POST", f"/exchanges/{exchange}/again/{run}/", {"provider": provider})
        assert answer.status_code == 302
    made_there = re.fullmatch(rf"/exchanges/{exchange}/beside/([0-9a-f-]+)/", answer.headers["location"])
    assert made_there
    with page.socket() as socket:
        socket.follow(made_there[1])
        socket.until_end()
    again = upstream.requests[-1]
    assert [request.body for request in upstream.requests].count(first.body) == 2
    assert again.target == "/other/v1/chat/completions"
    assert again.body == first.body
    assert again.header("authorization") == f"Bearer {MEMBER_KEY}"
    assert "canary-0123" not in str(again.headers)
    both = page.client.get(answer.headers["location"]).text
    assert both.count("Hi there") >= 2
    assert "byte for byte" in both
    assert "2/2" in re.sub(
        r"\s+", "", re.sub(r"<[^>]+>", "", page.client.get(f"/conversations/{page.conversation}/").text)
    )


def test_a_masked_body_is_not_sent_again(page: Page, upstream: FakeUpstream) -> None:
    exchange = answered(page, upstream, f"My key is {KEY}")
    asked = len(upstream.requests)
    answer = ask(page, "POST", f"/exchanges/{exchange}/again/{uuid4()}/", {"provider": page.provider})
    assert answer.status_code == 422
    assert "masked" in answer.text
    assert ask(page, "POST", f"/exchanges/{exchange}/again/{uuid4()}/", {"provider": "x"}).status_code == 422
    assert len(upstream.requests) == asked


HOSTILE_VALUES: tuple[Any, ...] = (
    None, [], {}, "text", 5, -1, 10**30, [[{"a": None}]], {"choices": 5}, {"choices": [5, None, {"message": 5}]},
    {"kind": [], "message": {"a": 1}, "status": "x", "retry_after": {}}, {"prompt_tokens": "x", "total_tokens": []},
)  # fmt: skip


@pytest.mark.parametrize(
    "place", ["usage", "error", "timing", "document", "content", "tool_calls", "extra", "body"]
)
def test_whatever_an_exchange_is_said_to_hold_its_pages_open(place: str, page: Page) -> None:
    for value in HOSTILE_VALUES:
        trace = {"text": 'data: {"choices":5}\n\ndata: 7\n\n', "pieces": [[20, 1e300], [9, -5.0]]}
        exchange: dict[str, Any] = {
            "id": "e1",
            "column": 0,
            "parent": "m1",
            "state": "failed",
            "request": {
                "body": value if place == "body" else "{",
                "url": "not a url",
                "headers": [["A", "b"]],
            },
            "response": {"document": json.dumps(value) if place == "document" else "", "trace": trace},
            "timing": value if place == "timing" else {"first_byte": -1, "ended": 1e300},
            "usage": value if place == "usage" else None,
            "error": value if place == "error" else None,
        }
        answer = {"id": "m2", "parent": "m1", "role": "assistant", "exchange": "e1", "choice": 0}
        if place in ("content", "tool_calls"):
            answer[place] = [value] if isinstance(value, dict) else value
        if place == "extra":
            answer[place] = value
        messages = [{"id": "m1", "parent": None, "role": "user", "content": [{"type": "text"}]}, answer]
        settings = {"settings": {"parameters": {"a": "}", "": "x", "n": "{}"}}, "leaf": "m2"}
        conversation = {"messages": messages, "columns": [settings], "exchanges": [exchange]}
        document = {"format": "chat-playground", "version": 1, "conversations": [conversation]}
        imported = importing(page, json.dumps(document))
        assert imported.status_code in (201, 422)
        if imported.status_code == 422:
            continue
        path = made(imported)
        shown = page.client.get(path)
        assert shown.status_code == 200
        (pk,) = set(re.findall(r'data-exchange="([0-9a-f-]+)"', shown.text))
        tabs = ("request", "response", "events", "timing", "tokens", "code", "again", "objection")
        seen = {tab: page.client.get(f"/exchanges/{pk}/{tab}/").status_code for tab in tabs}
        seen |= {form: page.client.get(f"{path}export/{form}/").status_code for form in FORMS}
        assert not {tab: status for tab, status in seen.items() if status >= 500}, value
