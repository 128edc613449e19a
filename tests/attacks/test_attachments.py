"""Attachments as attacks (rows 4, 5 and 9): huge bodies, addresses that lead inside, images that are none."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from tests.attacks.actors import ask
from tests.fakes import FakeUpstream, Http, redirect_reply
from tests.pictures import picture
from tests.playground.pages import Page
from tests.playground.test_serve import memory_of
from tests.served import ServedProcess

pytestmark = pytest.mark.served


def upload(page: Page, piece: bytes, count: int = 1) -> httpx.Response:
    """Upload a file of `count` equal pieces."""
    boundary = uuid4().hex
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n'
        "Content-Type: image/png\r\n\r\n"
    ).encode()
    tail = f"\r\n--{boundary}--\r\n".encode()

    def body() -> Iterator[bytes]:
        yield head
        yield from (piece for _ in range(count))
        yield tail

    headers = {
        "Origin": page.process.url,
        "X-CSRFToken": page.client.cookies["csrftoken"],
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Content-Length": str(len(head) + len(piece) * count + len(tail)),
    }
    path = f"/conversations/{page.conversation}/attachments/"
    return page.client.post(path, content=body(), headers=headers)


def test_a_huge_body_is_refused_and_takes_no_memory(alice: Page, process: ServedProcess) -> None:
    assert upload(alice, picture()).status_code == 200
    before = memory_of(process)
    try:
        status = upload(alice, bytes(64 * 1024), 1600).status_code
    except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        status = 413  # it did not wait for the rest
    assert status == 413
    assert memory_of(process) - before < 40 * 1024 * 1024
    answer = upload(alice, bytes(1024 * 1024), 24)
    assert (answer.status_code, "20 MB" in answer.text) == (413, True)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://127.0.0.1:1/x.png",
        "http://localhost/x.png",
        "http://2130706433/x.png",
        "http://0x7f.1/x.png",
        "http://10.0.0.1/x.png",
        "http://user:secret@10.0.0.1/x.png",
        "http://",
        "http://example.com:99999/",
    ],
)
def test_an_image_by_address_does_not_lead_inside(url: str, alice: Page) -> None:
    answer = fetch(alice, url)
    assert answer.status_code == 422
    assert "Traceback" not in answer.text


def fetch(page: Page, url: str) -> httpx.Response:
    return ask(page, "POST", f"/conversations/{page.conversation}/attachments/from-address/", {"url": url})


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "javascript:alert(1)", "data:image/png;base64,AAAA", "", "x"]
)
def test_other_schemes_are_no_address(url: str, alice: Page) -> None:
    assert fetch(alice, url).status_code == 422


def test_a_redirect_does_not_lead_elsewhere(
    alice: Page, upstream: FakeUpstream, elsewhere: FakeUpstream
) -> None:
    asked = len(elsewhere.requests)
    upstream.queue(redirect_reply(f"http://{elsewhere.address}/secret.png"))
    answer = fetch(alice, f"http://{upstream.address}/cat.png")
    assert answer.status_code == 422
    assert len(elsewhere.requests) == asked


@pytest.mark.parametrize(
    "body", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html>", b"%PDF-1.4", b"", picture()[:40]]
)
def test_what_lies_there_is_judged_like_an_upload(body: bytes, alice: Page, upstream: FakeUpstream) -> None:
    upstream.queue(Http(body=[body] if body else [], content_type="image/png"))
    assert fetch(alice, f"http://{upstream.address}/cat.png").status_code == 422


def test_a_stranger_makes_the_server_fetch_nothing(
    alice: Page, charlie: Page, upstream: FakeUpstream
) -> None:
    asked = len(upstream.requests)
    path = f"/conversations/{alice.conversation}/attachments/from-address/"
    assert ask(charlie, "POST", path, {"url": f"http://{upstream.address}/x.png"}).status_code == 404
    assert len(upstream.requests) == asked
