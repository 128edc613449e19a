"""Providers: made on a page, by the environment, or by the built-in local model."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from team import vault
from team.errors import InvalidValue, TeamError
from team.models import Auth, Provider, User
from team.provider_values import (
    Headers,
    ProviderValues,
    auth_header_clean,
    base_url_clean,
    extra_headers_clean,
    key_clean,
    model_names_clean,
    origin_of,
)
from team.selectors import allowed_hosts, allowed_hosts_refresh, extra_headers_of, key_of_team
from team.services.audit import audit
from team.services.keys import key_set
from team.services.locks import team_settings_locked
from upstream import catalog
from upstream.address_guard import AddressGuard, InvalidUrl
from upstream.wire.errors import AddressForbidden

LOCAL_NAME: Final = "Local model"
LOCAL_API: Final = "llama-cpp"
_AUDITED: Final = ("name", "base_url", "api", "auth", "auth_header", "first_byte_timeout", "idle_timeout")


def base_url_check(*, base_url: str, api: str = "") -> str:
    """Return the base URL as it is kept. Raises InvalidValue when it may not be called; looks up no name."""
    path = catalog.api(api).path if api in catalog.apis() else ""
    url = base_url_clean(base_url, path=path)
    try:
        AddressGuard(allowed_hosts).check_url(url)
    except InvalidUrl as problem:
        raise InvalidValue("base_url", problem.message) from problem
    except AddressForbidden as problem:
        way = _("An administrator can allow it on the team page, under private hosts.")
        raise InvalidValue("base_url", f"{problem.message} {way}") from problem
    return url


def provider_create(
    *, actor: User | None, owner: User | None, values: ProviderValues, key: str = ""
) -> Provider:
    """Make a provider of the owner, or without one of the team. Raises InvalidValue."""
    values = _values_clean(values)
    provider = Provider(owner=owner, position=10)
    _values_assign(provider, values)
    if values.extra_headers:
        _headers_seal(provider, values.extra_headers)
    with transaction.atomic():
        _provider_save(provider)
        facts = {"base_url": provider.base_url, "api": provider.api, "auth": provider.auth}
        audit(actor=actor, action="provider.create", target=provider.name, **facts)
        if key.strip() and provider.auth != Auth.NONE:
            key_set(actor=actor, provider=provider, key=key, owner=owner)
    return provider


def provider_update(
    *, actor: User | None, provider: Provider, values: ProviderValues, key: str = ""
) -> Provider:
    """Change a provider. Raises InvalidValue.

    Keys and extra headers belong to one origin: when scheme, host or port change, the keys stop working until they
    are typed again, and extra headers that are not given again are dropped.
    """
    values = _values_clean(values)
    before = _audited(provider)
    moved = origin_of(provider.base_url) != origin_of(values.base_url)
    _values_assign(provider, values)
    if values.extra_headers is not None or moved:
        _headers_seal(provider, values.extra_headers or ())
    with transaction.atomic():
        _provider_save(provider)
        changed = {field: value for field, value in _audited(provider).items() if before[field] != value}
        if values.extra_headers is not None or moved:
            changed["extra_headers"] = [name for name, _value in values.extra_headers or ()]
        audit(actor=actor, action="provider.update", target=provider.name, **changed)
        if key.strip() and provider.auth != Auth.NONE:
            key_set(actor=actor, provider=provider, key=key, owner=provider.owner)
    return provider


@transaction.atomic
def provider_delete(*, actor: User, provider: Provider) -> None:
    """Delete a provider with everybody's keys for it. Conversations keep what was sent."""
    audit(actor=actor, action="provider.delete", target=provider.name, base_url=provider.base_url)
    provider.delete()


def provider_models_set(
    *, actor: User | None, provider: Provider, names: Iterable[str], refreshed: datetime | None = None
) -> None:
    """Keep the names of the provider's models; ``refreshed`` is when the provider itself listed them."""
    provider.model_names = list(model_names_clean(names))
    provider.models_refreshed = refreshed
    provider.save(update_fields=["model_names", "models_refreshed", "updated"])
    audit(actor=actor, action="provider.models", target=provider.name, count=len(provider.model_names))


def local_provider_upsert(*, base_url: str, models: Sequence[str], ready: bool) -> Provider:
    """Keep where the built-in local model listens. Its address may be called only while it is ready."""
    with transaction.atomic():
        team_settings_locked()
        provider = _local_provider_save(base_url, models, ready)
    allowed_hosts_refresh()
    return provider


def _local_provider_save(base_url: str, models: Sequence[str], ready: bool) -> Provider:
    provider = Provider.objects.filter(is_local=True).first() or Provider(is_local=True, name=_local_name())
    provider.base_url = base_url.rstrip("/")
    provider.api, provider.auth = LOCAL_API, Auth.NONE
    provider.is_ready = ready
    if models:
        provider.model_names = list(model_names_clean(models))
    provider.save()
    return provider


def providers_from_environment(specs: Sequence[Mapping[str, Any]]) -> list[Provider]:
    """Make or update a team provider for each spec, found by its name; write nothing that did not change.

    A spec is ``{"name", "base_url", "api", "key", "models", "auth", "auth_header", "extra_headers"}``, all but
    the first two optional. Raises TeamError whose message names the spec, never a secret.
    """
    with transaction.atomic():
        team_settings_locked()  # several server processes start at once
        providers = []
        for spec in specs:
            try:
                providers.append(_provider_from_spec(spec))
            except TeamError as problem:
                raise TeamError(f"PLAYGROUND_PROVIDERS, {spec.get('name')!r}: {problem.message}") from problem
        kept = [provider.pk for provider in providers]
        Provider.objects.filter(from_environment=True).exclude(pk__in=kept).update(from_environment=False)
    return providers


def _provider_from_spec(spec: Mapping[str, Any]) -> Provider:
    key = str(spec.get("key") or "")
    auth_header = str(spec.get("auth_header") or "")
    implied = Auth.NONE if not key else Auth.HEADER if auth_header else Auth.BEARER
    name = str(spec["name"]).strip()
    existing = Provider.objects.filter(owner__isnull=True, is_local=False, name__iexact=name).first()
    headers: Headers = tuple((str(n), str(v)) for n, v in (spec.get("extra_headers") or {}).items())
    values = ProviderValues(
        name=name,
        base_url=str(spec["base_url"]),
        api=str(spec.get("api") or "generic"),
        auth=str(spec.get("auth") or implied),
        auth_header=auth_header,
        model_names=tuple(spec.get("models") or (existing.models if existing else ())),
        first_byte_timeout=existing.first_byte_timeout if existing else 120,
        idle_timeout=existing.idle_timeout if existing else 120,
        extra_headers=headers,
    )
    if existing is None:
        provider = provider_create(actor=None, owner=None, values=values, key=key)
    else:
        provider = existing
        if _spec_differs(provider, _values_clean(values)):
            provider_update(actor=None, provider=provider, values=values)
        if key and provider.auth != Auth.NONE and _team_key_differs(provider, key_clean(key)):
            key_set(actor=None, provider=provider, key=key, owner=None)
    Provider.objects.filter(pk=provider.pk).update(from_environment=True)
    provider.from_environment = True
    return provider


def _spec_differs(provider: Provider, values: ProviderValues) -> bool:
    fields = (*_AUDITED, "models")
    wanted = {field: getattr(values, field) for field in _AUDITED} | {"models": list(values.model_names)}
    if any(getattr(provider, field) != wanted[field] for field in fields):
        return True
    try:
        return extra_headers_of(provider=provider) != (values.extra_headers or ())
    except TeamError:
        return True


def _team_key_differs(provider: Provider, key: str) -> bool:
    stored = key_of_team(provider=provider)
    if stored is None:
        return True
    try:
        return vault.unseal(stored.ciphertext, origin=origin_of(provider.base_url)) != key
    except vault.VaultError:
        return True


def _values_clean(values: ProviderValues) -> ProviderValues:
    """Return the values as they are kept. Raises InvalidValue."""
    name = " ".join(values.name.split())
    if not name or len(name) > 80:
        raise InvalidValue("name", _("Give the provider a name of at most 80 characters."))
    if values.api not in catalog.apis():
        known = ", ".join(sorted(catalog.apis()))
        raise InvalidValue(
            "api", _("There is no API of this name. These are known: %(known)s.") % {"known": known}
        )
    if values.auth not in Auth.values:
        raise InvalidValue("auth", _("Choose bearer, header or none."))
    auth_header = auth_header_clean(values.auth_header, auth=values.auth)
    headers = values.extra_headers
    if headers is not None:
        headers = extra_headers_clean(headers, auth_header=auth_header)
    for field in ("first_byte_timeout", "idle_timeout"):
        if not 1 <= getattr(values, field) <= 3600:
            raise InvalidValue(field, _("A time-out is 1 to 3600 seconds."))
    return ProviderValues(
        name=name,
        base_url=base_url_check(base_url=values.base_url, api=values.api),
        api=values.api,
        auth=values.auth,
        auth_header=auth_header,
        model_names=model_names_clean(values.model_names),
        first_byte_timeout=values.first_byte_timeout,
        idle_timeout=values.idle_timeout,
        extra_headers=headers,
    )


def _values_assign(provider: Provider, values: ProviderValues) -> None:
    for field in _AUDITED:
        setattr(provider, field, getattr(values, field))
    names = list(values.model_names)
    if names != provider.model_names:
        provider.model_names, provider.models_refreshed = names, None


def _headers_seal(provider: Provider, headers: Headers) -> None:
    origin = origin_of(provider.base_url)
    provider.extra_headers_ciphertext = vault.seal(json.dumps(headers), origin=origin) if headers else ""


def _provider_save(provider: Provider) -> None:
    try:
        with transaction.atomic():
            provider.save()
    except IntegrityError as problem:
        raise InvalidValue("name", _("There is a provider with this name already.")) from problem


def _audited(provider: Provider) -> dict[str, Any]:
    return {field: getattr(provider, field) for field in _AUDITED}


def _local_name() -> str:
    taken = Provider.objects.filter(owner__isnull=True, name__iexact=LOCAL_NAME).exists()
    return f"{LOCAL_NAME} (built in)" if taken else LOCAL_NAME
