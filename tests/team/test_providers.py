"""Providers and keys through the pages: what is sent where, what is never shown, what belongs to whom."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from team.errors import KeyMissing, KeyUnbound, NotFound
from team.models import ApiKey, AuditEvent, Provider, User
from team.selectors import endpoint_for, provider_cards, providers_for
from team.services import key_set
from tests.cast import provider_make
from tests.fakes import FakeUpstream, error_reply, html_reply, json_reply

LIST = "/settings/providers/"
NEW = "/settings/providers/new/"
KEY = "sk-canary-0123456789abcdef"
HEADER_SECRET = "canary-header-value-1234"


@pytest.fixture
def upstream(settings: Settings) -> Iterator[FakeUpstream]:
    """A real HTTP server on loopback that this installation may call."""
    with FakeUpstream() as upstream:
        settings.PRIVATE_HOSTS = [upstream.address]
        yield upstream


def filled(**more: str) -> dict[str, str]:
    return {
        "name": "Gateway",
        "scope": "personal",
        "base_url": "https://api.example.com/v1",
        "api": "generic",
        "auth": "bearer",
        "auth_header": "",
        "key": "",
        "extra_headers": "",
        "model_names": "",
        "first_byte_timeout": "120",
        "idle_timeout": "120",
        **more,
    }


def url_of(provider: Provider) -> str:
    return f"{LIST}{provider.pk}/"


def errors_of(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 422
    return dict(answer.context["form"].errors)


# Making one


def test_a_provider_is_made_and_its_key_never_comes_back(alice: User, alice_client: Client) -> None:
    answer = alice_client.post(
        NEW, filled(key=f" {KEY}\n", extra_headers=f"X-Org: {HEADER_SECRET}", model_names="b\na\nb\n")
    )
    provider = Provider.objects.get()
    assert answer["Location"] == url_of(provider)
    assert provider.owner == alice
    assert provider.models == ["b", "a"]
    endpoint = endpoint_for(user=alice, provider=provider)
    assert endpoint.key == KEY
    assert endpoint.extra_headers == (("X-Org", HEADER_SECRET),)

    for path in (LIST, url_of(provider), "/settings/team/log/"):
        page = alice_client.get(path).content.decode()
        assert KEY not in page
        assert HEADER_SECRET not in page
    page = alice_client.get(url_of(provider)).content.decode()
    assert "…cdef" in page
    assert "X-Org: ••••1234" in page
    rows = [*ApiKey.objects.values(), *Provider.objects.values(), *AuditEvent.objects.values()]
    assert KEY not in str(rows)
    assert HEADER_SECRET not in str(rows)
    assert KEY not in repr(endpoint)


def test_of_a_short_key_not_even_the_end_is_shown(alice_client: Client) -> None:
    alice_client.post(NEW, filled(key="EMPTY"))
    assert ApiKey.objects.get().last4 == ""


@pytest.mark.parametrize(
    ("base_url", "word"),
    [
        ("", "required"),
        ("api.example.com/v1", "http"),
        ("ftp://api.example.com", "http"),
        ("https://", "URL"),
        ("https://api.example.com:99999/v1", "URL"),
        ("https://user:secret@api.example.com/v1", "password"),
        ("https://api.example.com\\@evil.example.com/v1", "URL"),
        ("https://api.example.com/v1#x", "#"),
        ("https://api.example.com/v1?api_key=abc", "key"),
        ("https://api.example.com/v1/chat/completions", "/chat/completions"),
        ("http://127.0.0.1:8000/v1", "not a public address"),
        ("http://localhost/v1", "not a public address"),
        ("http://169.254.169.254/latest", "not a public address"),
        ("http://[::ffff:a9fe:a9fe]/v1", "not a public address"),
        ("http://10.0.0.5/v1", "not a public address"),
        ("http://2130706433/v1", ""),
        ("http://0x7f.1/v1", ""),
        ("http://017700000001/v1", ""),
    ],
)
def test_a_base_url_that_may_not_be_called_is_refused_with_what_was_typed(
    alice_client: Client, base_url: str, word: str
) -> None:
    answer = alice_client.post(NEW, filled(base_url=base_url, name="Typed name"))
    assert word in " ".join(errors_of(answer)["base_url"])
    assert 'value="Typed name"' in answer.content.decode()
    assert not Provider.objects.exists()


def test_an_allowed_private_host_may_be_saved(alice_client: Client, settings: Settings) -> None:
    settings.PRIVATE_HOSTS = ["10.0.0.5:8000"]
    assert alice_client.post(NEW, filled(base_url="http://10.0.0.5:8000/v1/")).status_code == 302
    assert Provider.objects.get().base_url == "http://10.0.0.5:8000/v1"
    assert alice_client.post(NEW, filled(base_url="http://10.0.0.5:8001/v1")).status_code == 422


@pytest.mark.parametrize(
    "line",
    [
        "Authorization: Bearer x",
        "authorization: x",
        "Host: evil.example.com",
        "Content-Length: 0",
        "Transfer-Encoding: chunked",
        "Cookie: a=b",
        "no colon here",
        "Bad Name: x",
        ": value",
        "X-A: caf\u00e9",
        "X-A: a\x00b",
        "X-A: a\x0bInjected: b",
        "X-A:",
        "X-A: 1\nx-a: 2",
        "X-A: ••••1234",
    ],
)
def test_an_extra_header_that_could_do_harm_is_refused(alice_client: Client, line: str) -> None:
    assert "extra_headers" in errors_of(alice_client.post(NEW, filled(extra_headers=line)))


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "caf\u00e9-key-0123456789", "x" * 5000])
def test_a_key_that_cannot_stand_in_a_header_is_refused(alice_client: Client, key: str) -> None:
    assert "key" in errors_of(alice_client.post(NEW, filled(key=key)))


def test_what_stands_in_the_key_field_does_not_matter_where_none_is_sent(alice_client: Client) -> None:
    assert alice_client.post(NEW, filled(auth="none", key="two words")).status_code == 302
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("header", ["", "Host", "bad header", "X\r\nInjected"])
def test_the_header_for_the_key_must_be_one(alice_client: Client, header: str) -> None:
    answer = alice_client.post(NEW, filled(auth="header", auth_header=header, key=KEY))
    assert "auth_header" in errors_of(answer)


def test_the_same_header_cannot_carry_key_and_extra_value(alice_client: Client) -> None:
    answer = alice_client.post(NEW, filled(auth="header", auth_header="api-key", extra_headers="API-KEY: x"))
    assert "extra_headers" in errors_of(answer)


def test_a_double_click_makes_one_provider(alice_client: Client) -> None:
    assert alice_client.post(NEW, filled()).status_code == 302
    assert "name" in errors_of(alice_client.post(NEW, filled(name="gateway")))
    assert Provider.objects.count() == 1


def test_members_make_providers_for_themselves_only(bob: User, bob_client: Client) -> None:
    bob_client.post(NEW, filled(scope="team"))
    assert Provider.objects.get().owner == bob


def test_an_administrator_makes_providers_for_the_team(alice_client: Client, bob: User) -> None:
    alice_client.post(NEW, filled(scope="team", key=KEY))
    provider = Provider.objects.get()
    assert provider.is_team
    assert ApiKey.objects.get().owner is None
    assert endpoint_for(user=bob, provider=provider).key == KEY


# Whose it is


def test_other_peoples_providers_do_not_exist(alice: User, charlie: User, charlie_client: Client) -> None:
    provider = provider_make(alice, key=KEY)
    assert list(providers_for(user=charlie)) == []
    assert provider.name not in charlie_client.get(LIST).content.decode()
    url = url_of(provider)
    assert charlie_client.get(url).status_code == 404
    for path in ("", "delete/", "key/", "key/remove/", "test/", "models/"):
        assert charlie_client.post(f"{url}{path}", filled(key=KEY)).status_code == 404
    with pytest.raises(NotFound):
        endpoint_for(user=charlie, provider=provider)
    assert ApiKey.objects.get().owner == alice
    assert charlie_client.get(f"{LIST}{uuid.uuid4()}/").status_code == 404


def test_not_even_an_administrator_sees_a_members_provider(
    alice_client: Client, bob: User, alice: User
) -> None:
    provider = provider_make(bob, key=KEY)
    assert alice_client.get(url_of(provider)).status_code == 404
    with pytest.raises(NotFound):
        endpoint_for(user=alice, provider=provider)


def test_a_member_uses_a_team_provider_but_does_not_change_it(alice: User, bob_client: Client) -> None:
    provider = provider_make(None, actor=alice, key=KEY)
    url = url_of(provider)
    page = bob_client.get(url).content.decode()
    assert "Your own key" in page
    assert KEY not in page
    assert "Delete provider" not in page
    assert bob_client.post(url, filled(base_url="https://evil.example.com/v1")).status_code == 404
    assert bob_client.post(f"{url}delete/").status_code == 404
    assert bob_client.post(f"{url}models/").status_code == 404
    assert bob_client.post(f"{url}key/remove/", {"scope": "team"}).status_code == 404
    assert Provider.objects.get().base_url == "https://api.example.com/v1"
    assert ApiKey.objects.count() == 1


def test_a_persons_own_key_goes_before_the_teams(
    alice: User, bob: User, bob_client: Client, charlie: User
) -> None:
    provider = provider_make(None, actor=alice, key=KEY)
    url = url_of(provider)
    assert bob_client.post(f"{url}key/", {"key": "bobs-own-key-0123456789"}).status_code == 302
    assert endpoint_for(user=bob, provider=provider).key == "bobs-own-key-0123456789"
    assert endpoint_for(user=charlie, provider=provider).key == KEY
    assert "…6789" in bob_client.get(url).content.decode()

    bob_client.post(f"{url}key/remove/", {"scope": "own"})
    assert endpoint_for(user=bob, provider=provider).key == KEY


def test_a_wrong_own_key_is_said_at_the_field(alice: User, bob_client: Client) -> None:
    provider = provider_make(None, actor=alice)
    answer = bob_client.post(f"{url_of(provider)}key/", {"key": "two words"})
    assert answer.status_code == 422
    assert "key" in answer.context["key_form"].errors


def test_without_a_key_the_person_is_told_where_to_put_it(alice: User) -> None:
    with pytest.raises(KeyMissing, match="needs an API key"):
        endpoint_for(user=alice, provider=provider_make(alice))


def test_a_provider_without_authentication_sends_no_key(alice: User) -> None:
    provider = provider_make(alice, key=KEY)
    Provider.objects.filter(pk=provider.pk).update(auth="none")
    provider.refresh_from_db()
    assert endpoint_for(user=alice, provider=provider).key == ""


# Keys stay with their origin


@pytest.mark.parametrize(
    "base_url",
    ["https://evil.example.com/v1", "http://api.example.com/v1", "https://api.example.com:8443/v1"],
)
def test_another_origin_asks_for_key_and_headers_again(
    alice: User, alice_client: Client, base_url: str
) -> None:
    provider = provider_make(alice, key=KEY, extra_headers=(("X-Org", HEADER_SECRET),))
    url = url_of(provider)

    masked = alice_client.post(url, filled(base_url=base_url, extra_headers="X-Org: ••••1234"))
    assert "extra_headers" in errors_of(masked)

    assert alice_client.post(url, filled(base_url=base_url)).status_code == 302
    provider.refresh_from_db()
    assert provider.base_url == base_url
    assert provider.extra_headers_ciphertext == ""
    with pytest.raises(KeyUnbound, match="another address"):
        endpoint_for(user=alice, provider=provider)
    assert "Type the API key again" in alice_client.get(url).content.decode()

    alice_client.post(url, filled(base_url=base_url, key="sk-new-0123456789abcdef"))
    assert endpoint_for(user=alice, provider=provider).key == "sk-new-0123456789abcdef"


def test_the_same_origin_spelled_differently_keeps_the_key(alice: User, alice_client: Client) -> None:
    provider = provider_make(alice, key=KEY, extra_headers=(("X-Org", HEADER_SECRET),))
    answer = alice_client.post(
        url_of(provider), filled(base_url="https://API.example.com:443/v2", extra_headers="X-Org: ••••1234")
    )
    assert answer.status_code == 302
    provider.refresh_from_db()
    endpoint = endpoint_for(user=alice, provider=provider)
    assert (endpoint.base_url, endpoint.key) == ("https://API.example.com:443/v2", KEY)
    assert endpoint.extra_headers == (("X-Org", HEADER_SECRET),)


def test_an_edited_row_does_not_take_a_secret_to_another_host(alice: User) -> None:
    provider = provider_make(alice, key=KEY)
    Provider.objects.update(base_url="https://evil.example.com/v1")
    ApiKey.objects.update(origin="https://evil.example.com:443")
    provider.refresh_from_db()
    with pytest.raises(KeyUnbound):
        endpoint_for(user=alice, provider=provider)


def test_members_own_keys_do_not_follow_a_moved_team_provider(alice: User, bob: User) -> None:
    provider = provider_make(None, actor=alice)
    key_set(actor=bob, provider=provider, key=KEY, owner=bob)
    Provider.objects.update(base_url="https://evil.example.com/v1")
    provider.refresh_from_db()
    with pytest.raises(KeyUnbound):
        endpoint_for(user=bob, provider=provider)


def test_saving_without_typing_the_key_keeps_it(alice: User, alice_client: Client) -> None:
    provider = provider_make(alice, key=KEY)
    alice_client.post(url_of(provider), filled(name="Renamed"))
    provider.refresh_from_db()
    assert provider.name == "Renamed"
    assert endpoint_for(user=alice, provider=provider).key == KEY


# Test and refresh


def test_the_test_sends_the_key_as_the_provider_wants_it(
    alice: User, alice_client: Client, upstream: FakeUpstream
) -> None:
    provider = provider_make(
        alice,
        base_url=upstream.base_url,
        auth="header",
        auth_header="api-key",
        key=KEY,
        extra_headers=(("X-Org", HEADER_SECRET),),
    )
    answer = alice_client.post(f"{url_of(provider)}test/", HTTP_HX_REQUEST="true")
    page = answer.content.decode()
    assert "It works: 2 models." in page
    assert "model-a" in page
    assert "<html" not in page
    request = upstream.wait_for_request()
    assert (request.method, request.header("api-key")) == ("GET", KEY)
    assert request.header("X-Org") == HEADER_SECRET
    assert request.header("Authorization") is None
    provider.refresh_from_db()
    assert provider.models == []


def test_without_script_the_result_stands_on_the_page(
    alice: User, alice_client: Client, upstream: FakeUpstream
) -> None:
    provider = provider_make(alice, base_url=upstream.base_url, auth="none")
    page = alice_client.post(f"{url_of(provider)}test/").content.decode()
    assert "<html" in page
    assert "It works: 2 models." in page


def test_refreshing_keeps_the_names(alice: User, alice_client: Client, upstream: FakeUpstream) -> None:
    upstream.models[:] = ["z", "a", "z"]
    provider = provider_make(alice, base_url=upstream.base_url, key=KEY, model_names=("old",))
    page = alice_client.post(f"{url_of(provider)}models/", HTTP_HX_REQUEST="true").content.decode()
    assert "The list of models is updated." in page
    assert ">\nz\na</textarea>" in page
    provider.refresh_from_db()
    assert provider.models == ["z", "a"]
    assert provider.models_refreshed is not None


def test_where_no_models_are_listed_the_typed_ones_stay(
    alice: User, alice_client: Client, upstream: FakeUpstream
) -> None:
    upstream.queue(json_reply({"data": [{"id": 7}, None, "x" * 1000]}))
    provider = provider_make(alice, base_url=upstream.base_url, key=KEY, model_names=("typed",))
    page = alice_client.post(f"{url_of(provider)}models/", HTTP_HX_REQUEST="true").content.decode()
    assert "lists no models" in page
    provider.refresh_from_db()
    assert provider.models == ["typed"]


def test_a_refused_key_is_said_in_the_upstreams_words_without_the_key(
    alice: User, alice_client: Client, upstream: FakeUpstream
) -> None:
    upstream.queue(error_reply(401, f"Incorrect API key provided: {KEY}"))
    provider = provider_make(alice, base_url=upstream.base_url, key=KEY)
    page = alice_client.post(f"{url_of(provider)}test/", HTTP_HX_REQUEST="true").content.decode()
    assert "Incorrect API key provided" in page
    assert "Check the API key" in page
    assert KEY not in page


def test_a_page_that_is_no_api_is_said(alice: User, alice_client: Client, upstream: FakeUpstream) -> None:
    upstream.queue(html_reply(200, "<h1>It works!</h1><script>alert(1)</script>"))
    provider = provider_make(alice, base_url=upstream.base_url, auth="none")
    page = alice_client.post(f"{url_of(provider)}test/", HTTP_HX_REQUEST="true").content.decode()
    assert 'role="alert"' in page
    assert "<script>" not in page


def test_an_address_that_is_no_longer_allowed_is_not_called(
    alice: User, alice_client: Client, upstream: FakeUpstream, settings: Settings
) -> None:
    provider = provider_make(alice, base_url=upstream.base_url, auth="none")
    settings.PRIVATE_HOSTS = []
    page = alice_client.post(f"{url_of(provider)}test/", HTTP_HX_REQUEST="true").content.decode()
    assert "not a public address" in page
    assert upstream.requests == []


def test_a_test_without_a_key_is_not_sent(alice: User, alice_client: Client, upstream: FakeUpstream) -> None:
    provider = provider_make(alice, base_url=upstream.base_url)
    page = alice_client.post(f"{url_of(provider)}test/", HTTP_HX_REQUEST="true").content.decode()
    assert "needs an API key" in page
    assert upstream.requests == []


# The rest


def test_deleting_a_provider_deletes_its_keys(alice: User, alice_client: Client, bob: User) -> None:
    provider = provider_make(None, actor=alice, key=KEY)
    key_set(actor=bob, provider=provider, key=KEY, owner=bob)
    answer = alice_client.post(f"{url_of(provider)}delete/", HTTP_HX_REQUEST="true")
    assert answer["HX-Redirect"] == LIST
    assert not ApiKey.objects.exists()


def test_everything_about_keys_is_recorded_without_them(alice: User, alice_client: Client) -> None:
    alice_client.post(NEW, filled(key=KEY, scope="team"))
    provider = Provider.objects.get()
    alice_client.post(url_of(provider), filled(name="Renamed"))
    alice_client.post(f"{url_of(provider)}key/remove/", {"scope": "team"})
    alice_client.post(f"{url_of(provider)}delete/")
    actions = list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["provider.create", "key.set", "provider.update", "key.remove", "provider.delete"]
    assert KEY not in alice_client.get("/settings/team/log/").content.decode()


def test_the_list_takes_two_queries_however_many_providers(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(5):
        provider_make(alice, name=f"P{number}", key=KEY)
    with django_assert_num_queries(2):
        assert len(provider_cards(user=alice)) == 5
