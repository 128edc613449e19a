"""Requests lead only where an administrator allows: at save, at connect, and nowhere by a redirect (rows 6 and 7)."""

from pathlib import Path

import pytest

from tests.attacks.actors import (
    ask,
    at_provider,
    ended,
    provider_add,
    provider_fields,
    run_follow,
    run_reply,
    shown,
)
from tests.fakes import FakeUpstream, redirect_reply
from tests.playground.pages import Page, provider_environment
from tests.served import Installation, ServedProcess

pytestmark = pytest.mark.served

KEY = "sk-canary-0123456789abcdef"
INSIDE = "inside.example.com"
RESOLVER = f'''
import socket

real = socket.getaddrinfo


def getaddrinfo(host, *more, **options):
    """A public name that leads inside."""
    name = host.decode() if isinstance(host, bytes) else host
    return real("127.0.0.1" if name == "{INSIDE}" else host, *more, **options)


socket.getaddrinfo = getaddrinfo
'''


@pytest.fixture(scope="module")
def process(
    shared_installation: Installation, upstream: FakeUpstream, tmp_path_factory: pytest.TempPathFactory
) -> ServedProcess:
    """A process whose name service is the attacker's."""
    folder: Path = tmp_path_factory.mktemp("resolver")
    (folder / "sitecustomize.py").write_text(RESOLVER)
    return shared_installation.serve(**provider_environment(upstream), PYTHONPATH=str(folder))


def provider_asked(page: Page, provider: str) -> list[str]:
    """Press Test and Refresh models; return what each says."""
    paths = [f"/settings/providers/{provider}/{deed}/" for deed in ("test", "models")]
    answers = [ask(page, "POST", path, {}, **{"HX-Request": "true"}) for path in paths]
    assert [answer.status_code for answer in answers] == [200, 200]
    return [answer.text for answer in answers]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "[::1]",
        "[::]",
        "0.0.0.0",
        "0",
        "2130706433",
        "0x7f000001",
        "017700000001",
        "0x7f.0.0.1",
        "169.254.169.254",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::a9fe:a9fe]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "metadata.google.internal",
        "10.0.0.5",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "api.example.com@127.0.0.1",
        "127.0.0.1\\@api.example.com",
        "api.example.com%2f@127.0.0.1",
    ],
)
def test_an_address_inside_is_refused_when_it_is_saved(bob: Page, host: str) -> None:
    for url in (f"http://{host}/v1", f"https://{host}:8443/v1"):
        answer = ask(bob, "POST", "/settings/providers/new/", provider_fields(base_url=url))
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text


def test_a_public_name_that_leads_inside_is_not_connected_to(bob: Page, upstream: FakeUpstream) -> None:
    with FakeUpstream() as inside:
        provider = provider_add(bob, base_url=f"http://{INSIDE}:{inside.port}/v1", key=KEY)
        for text in provider_asked(bob, provider):
            assert "not a public address" in text
        _exchange, followed = run_follow(at_provider(bob, provider), message="Hello")
        assert ended(followed)["error"]["kind"] == "address_forbidden"
        assert inside.connections == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_a_forbidden_address_is_not_followed(
    alice: Page, upstream: FakeUpstream, elsewhere: FakeUpstream, status: int
) -> None:
    reply = redirect_reply(f"{elsewhere.base_url}/chat/completions", status)
    exchange, followed = run_reply(alice, upstream, reply)
    end = ended(followed)
    assert end["state"] == "failed"
    assert end["error"]["status"] == status
    assert elsewhere.connections == []
    assert all(KEY not in text for text in shown(alice, exchange).values())


def test_a_redirect_to_an_allowed_address_is_not_followed_either(alice: Page, upstream: FakeUpstream) -> None:
    before = len(upstream.requests)
    reply = redirect_reply(f"{upstream.base_url}/elsewhere")
    _exchange, followed = run_reply(alice, upstream, reply)
    assert ended(followed)["state"] == "failed"
    assert [request.path for request in upstream.requests[before:]] == ["/v1/chat/completions"]


def test_a_redirect_of_the_model_list_is_not_followed(
    alice: Page, upstream: FakeUpstream, elsewhere: FakeUpstream
) -> None:
    upstream.queue(*[redirect_reply(f"{elsewhere.base_url}/models", status) for status in (302, 307)])
    for text in provider_asked(alice, alice.provider):
        assert 'role="alert"' in text
        assert KEY not in text
    assert elsewhere.connections == []


def test_an_address_that_is_allowed_no_longer_is_not_called(alice: Page, bob: Page) -> None:
    rules = "/settings/team/settings/"
    with FakeUpstream() as inside:
        allowed = {"signup_mode": "open", "private_hosts": inside.address}
        assert ask(alice, "POST", rules, allowed).status_code == 302
        provider = provider_add(bob, base_url=inside.base_url, key=KEY)
        assert ended(run_follow(at_provider(bob, provider))[1])["state"] == "completed"
        called = len(inside.requests)
        assert ask(alice, "POST", rules, allowed | {"private_hosts": ""}).status_code == 302
        for text in provider_asked(bob, provider):
            assert "not a public address" in text
        assert ended(run_follow(at_provider(bob, provider))[1])["error"]["kind"] == "address_forbidden"
        assert len(inside.requests) == called
