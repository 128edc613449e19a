"""Providers that no page made: the environment's, and the built-in local model."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from team.errors import NotFound, TeamError
from team.models import ApiKey, AuditEvent, Provider, User
from team.selectors import (
    allowed_hosts,
    endpoint_for,
    local_provider,
    provider_editable_for,
    providers_for,
)
from team.services import local_provider_upsert, providers_from_environment
from tests.cast import provider_make

KEY = "sk-canary-0123456789abcdef"


def spec(**more: Any) -> dict[str, Any]:
    return {
        "name": "Gateway",
        "base_url": "https://gateway.example.com/v1",
        "key": KEY,
        "models": ["m"],
        **more,
    }


def test_the_environment_makes_team_providers_with_encrypted_keys(bob: User) -> None:
    (provider,) = providers_from_environment([spec(extra_headers={"X-Org": "canary-header-1"})])
    assert provider.is_team
    assert provider.from_environment
    assert provider.models == ["m"]
    endpoint = endpoint_for(user=bob, provider=provider)
    assert (endpoint.key, endpoint.auth) == (KEY, "bearer")
    assert endpoint.extra_headers == (("X-Org", "canary-header-1"),)
    assert KEY not in str(list(ApiKey.objects.values()))


def test_the_same_environment_again_changes_nothing(db: None) -> None:
    providers_from_environment([spec(extra_headers={"X-Org": "canary-header-1"})])
    before = (list(Provider.objects.values()), list(ApiKey.objects.values()), AuditEvent.objects.count())
    providers_from_environment([spec(extra_headers={"X-Org": "canary-header-1"})])
    after = (list(Provider.objects.values()), list(ApiKey.objects.values()), AuditEvent.objects.count())
    assert after == before


def test_a_changed_environment_updates_the_provider_found_by_its_name(bob: User) -> None:
    (first,) = providers_from_environment([spec()])
    (second,) = providers_from_environment(
        [spec(name="GATEWAY", base_url="https://new.example.com/v1", key="sk-new-0123456789abcdef")]
    )
    assert second.pk == first.pk
    endpoint = endpoint_for(user=bob, provider=second)
    assert (endpoint.base_url, endpoint.key) == ("https://new.example.com/v1", "sk-new-0123456789abcdef")


def test_a_refreshed_model_list_survives_a_start_that_names_none(db: None) -> None:
    (provider,) = providers_from_environment([spec(models=[])])
    Provider.objects.filter(pk=provider.pk).update(model_names=["refreshed"])
    (again,) = providers_from_environment([spec(models=[])])
    assert again.models == ["refreshed"]


@pytest.mark.parametrize(
    ("more", "auth"),
    [
        ({"key": ""}, "none"),
        ({"auth_header": "api-key"}, "header"),
        ({"auth": "bearer", "key": ""}, "bearer"),
    ],
)
def test_authentication_follows_from_what_is_given(db: None, more: dict[str, str], auth: str) -> None:
    (provider,) = providers_from_environment([spec(**more)])
    assert provider.auth == auth


@pytest.mark.parametrize(
    "wrong", [{"base_url": "http://10.0.0.5/v1"}, {"api": "nonsense"}, {"key": f"{KEY} with spaces"}]
)
def test_a_wrong_spec_names_the_provider_and_never_the_key(db: None, wrong: dict[str, str]) -> None:
    with pytest.raises(TeamError) as refusal:
        providers_from_environment([spec(**wrong)])
    assert "'Gateway'" in refusal.value.message
    assert KEY not in refusal.value.message
    assert not Provider.objects.exists()


def test_a_provider_no_longer_in_the_environment_stays_and_can_be_edited(alice: User) -> None:
    (provider,) = providers_from_environment([spec()])
    providers_from_environment([])
    provider.refresh_from_db()
    assert not provider.from_environment


def test_the_local_model_is_a_provider_for_everybody_without_a_key(bob: User) -> None:
    made = local_provider_upsert(base_url="http://127.0.0.1:4321/v1", models=["SmolLM2"], ready=True)
    assert local_provider() == made
    assert made in providers_for(user=bob)
    endpoint = endpoint_for(user=bob, provider=made)
    assert (endpoint.base_url, endpoint.key, endpoint.auth) == ("http://127.0.0.1:4321/v1", "", "none")
    again = local_provider_upsert(base_url="http://127.0.0.1:4322/v1", models=["SmolLM2"], ready=True)
    assert again.pk == made.pk
    assert Provider.objects.count() == 1


def test_only_a_running_local_model_may_be_called(db: None, settings: Settings) -> None:
    settings.PRIVATE_HOSTS = ["vllm.lan:8000"]
    local_provider_upsert(base_url="http://127.0.0.1:4321/v1", models=["m"], ready=True)
    assert allowed_hosts() == ("vllm.lan:8000", "127.0.0.1:4321")
    local_provider_upsert(base_url="http://127.0.0.1:4321/v1", models=["m"], ready=False)
    assert allowed_hosts() == ("vllm.lan:8000",)


def test_nobody_edits_the_local_model(alice: User, alice_client: Client) -> None:
    made = local_provider_upsert(base_url="http://127.0.0.1:4321/v1", models=["m"], ready=True)
    with pytest.raises(NotFound):
        provider_editable_for(user=alice, pk=made.pk)
    url = f"/settings/providers/{made.pk}/"
    page = alice_client.get(url).content.decode()
    assert "Delete provider" not in page
    assert alice_client.post(f"{url}delete/").status_code == 404


def test_a_team_provider_of_that_name_does_not_stop_the_local_model(alice: User) -> None:
    provider_make(None, actor=alice, name="Local model")
    made = local_provider_upsert(base_url="http://127.0.0.1:4321/v1", models=["m"], ready=True)
    assert made.name == "Local model (built in)"


@pytest.mark.django_db(transaction=True)
def test_processes_that_start_at_once_agree() -> None:
    barrier = threading.Barrier(3)
    problems: list[Exception] = []

    def start() -> None:
        barrier.wait(10)
        try:
            providers_from_environment([spec()])
            local_provider_upsert(base_url="http://127.0.0.1:4321/v1", models=["m"], ready=True)
        except Exception as problem:  # noqa: BLE001 - a thread's exception would be lost
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert problems == []
    assert sorted(Provider.objects.values_list("name", flat=True)) == ["Gateway", "Local model"]
