"""A key goes to the origin it was typed for and nowhere else, whoever moves the provider (row 8)."""

from collections.abc import Iterator

import pytest

from tests.attacks.actors import MEMBER_KEY, ask, at_provider, ended, provider_add, provider_edit, run_follow
from tests.fakes import FakeUpstream
from tests.playground.pages import Page, provider_environment
from tests.served import Installation, ServedProcess

pytestmark = pytest.mark.served

KEY = "sk-canary-0123456789abcdef"
HEADER_SECRET = "canary-header-value-1234"


@pytest.fixture(scope="module")
def process(
    shared_installation: Installation, upstream: FakeUpstream, elsewhere: FakeUpstream
) -> ServedProcess:
    """A process that may call both."""
    names = ("Fake", "Elsewhere")
    return shared_installation.serve(**provider_environment(upstream, elsewhere, names=names))


@pytest.fixture
def unheard(elsewhere: FakeUpstream) -> Iterator[FakeUpstream]:
    """The other server; what it heard during the test must hold no secret."""
    before = len(elsewhere.requests)
    yield elsewhere
    heard = b"".join(request.head + request.body for request in elsewhere.requests[before:])
    assert all(secret.encode() not in heard for secret in (KEY, MEMBER_KEY, HEADER_SECRET))


def refusals(page: Page, provider: str) -> list[str]:
    """Press Send, Test and Refresh models; return what each says where it was refused."""
    answers = [page.conversation_new(model="model-a").send("Hello", provider=provider).response]
    for deed in ("test", "models"):
        path = f"/settings/providers/{provider}/{deed}/"
        answers.append(ask(page, "POST", path, {}, **{"HX-Request": "true"}))
    return [answer.text for answer in answers]


def test_a_moved_provider_sends_neither_key_nor_headers_until_they_are_typed_again(
    bob: Page, upstream: FakeUpstream, unheard: FakeUpstream
) -> None:
    provider = provider_add(bob, base_url=upstream.base_url, key=KEY, extra_headers=f"X-Org: {HEADER_SECRET}")
    assert ended(run_follow(at_provider(bob, provider))[1])["state"] == "completed"
    assert upstream.requests[-1].header("authorization") == f"Bearer {KEY}"
    assert upstream.requests[-1].header("x-org") == HEADER_SECRET

    heard = len(unheard.requests)
    assert provider_edit(bob, provider, base_url=unheard.base_url).status_code == 302
    for said in refusals(bob, provider):
        assert "another address" in said
    assert len(unheard.requests) == heard
    page = bob.client.get(f"/settings/providers/{provider}/").text
    assert "Type the API key again" in page
    assert KEY not in page

    assert (
        provider_edit(bob, provider, base_url=unheard.base_url, key="sk-new-0123456789abc").status_code == 302
    )
    assert ended(run_follow(at_provider(bob, provider))[1])["state"] == "completed"
    assert unheard.requests[-1].header("authorization") == "Bearer sk-new-0123456789abc"
    assert unheard.requests[-1].header("x-org") is None


@pytest.mark.parametrize(
    "changed", [{"auth": "header", "auth_header": "api-key"}, {"auth": "bearer", "api": "openai-chat"}]
)
def test_whatever_else_changes_with_the_address_the_key_stays(
    bob: Page, upstream: FakeUpstream, unheard: FakeUpstream, changed: dict[str, str]
) -> None:
    provider = provider_add(bob, base_url=upstream.base_url, key=KEY)
    heard = len(unheard.requests)
    assert provider_edit(bob, provider, base_url=unheard.base_url, **changed).status_code == 302
    assert all("another address" in said for said in refusals(bob, provider))
    assert len(unheard.requests) == heard


def test_a_masked_header_is_not_carried_to_another_address(
    bob: Page, upstream: FakeUpstream, unheard: FakeUpstream
) -> None:
    provider = provider_add(bob, base_url=upstream.base_url, key=KEY, extra_headers=f"X-Org: {HEADER_SECRET}")
    answer = provider_edit(bob, provider, base_url=unheard.base_url, extra_headers="X-Org: ••••1234")
    assert answer.status_code == 422
    run_follow(at_provider(bob, provider))
    assert upstream.requests[-1].header("x-org") == HEADER_SECRET


def test_a_members_own_key_does_not_follow_a_provider_that_the_administrator_moves(
    alice: Page, bob: Page, upstream: FakeUpstream, unheard: FakeUpstream
) -> None:
    """The administrator owns the address, and would read the member's key there."""
    provider = provider_add(alice, scope="team", base_url=upstream.base_url, key=KEY)
    own = ask(bob, "POST", f"/settings/providers/{provider}/key/", {"key": MEMBER_KEY})
    assert own.status_code == 302
    run_follow(at_provider(bob, provider))
    assert upstream.requests[-1].header("authorization") == f"Bearer {MEMBER_KEY}"
    heard = len(unheard.requests)
    moved = provider_edit(alice, provider, scope="team", base_url=unheard.base_url, key="sk-bait-0123456789")
    assert moved.status_code == 302
    answer = bob.conversation_new(model="model-a").send("Hello", provider=provider).response
    assert answer.status_code == 422
    assert "another address" in answer.text
    assert len(unheard.requests) == heard
