"""What a person may see and use. Every read starts from the person; other people's rows are not found."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import math
import time
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.utils.crypto import constant_time_compare
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from team import vault
from team.errors import KeyMissing, KeyUnbound, NotFound
from team.models import ApiKey, AuditEvent, Auth, Invitation, Provider, Role, SignupMode, TeamSettings, User
from team.prepared import Given, Prepared
from team.provider_values import Headers, origin_of
from team.selectors.sessions import SessionStore
from upstream import catalog
from upstream.wire.request import Endpoint

Row = TypeVar("Row", bound=Model)

logger = logging.getLogger(__name__)

_hosts_seen: tuple[str, ...] = ()
_hosts_seen_at = -math.inf
HOSTS_FRESH: Final = 1.0
"""Seconds for which `endpoint_for` takes what this process read last as the addresses that may be called."""


# Providers


def providers_for(*, user: User | Given) -> QuerySet[Provider]:
    """Return the providers this person may use: the team's and their own, in the order of the pages."""
    return Provider.objects.filter(Q(owner__isnull=True) | Q(owner=user))


_PROVIDERS: Final = Prepared(lambda: providers_for(user=Given("user")))


def provider_list(*, user: User) -> list[Provider]:
    """Return what `providers_for` does, read at once."""
    return _PROVIDERS.rows(user=user.pk)


def provider_for(*, user: User, pk: UUID | str) -> Provider:
    """Return a provider this person may use. Raises NotFound."""
    return _one(providers_for(user=user), pk)


def provider_editable_for(*, user: User, pk: UUID | str) -> Provider:
    """Return a provider this person may change: their own, or as an administrator the team's.

    The built-in local model belongs to nobody's hands. Raises NotFound.
    """
    provider = _one(providers_for(user=user).filter(is_local=False), pk)
    if not provider_is_editable(user=user, provider=provider):
        raise NotFound
    return provider


def provider_is_editable(*, user: User, provider: Provider) -> bool:
    """Whether this person may change the provider and the key that comes with it."""
    if provider.is_local:
        return False
    return user.is_administrator if provider.is_team else provider.owner_id == user.pk


def api_name(api_id: str) -> str:
    """Return the name of an API in the language of the page; the id of one that the catalog lost."""
    api = catalog.apis().get(api_id)
    return api.names.in_language(get_language()) if api else api_id


def provider_exists(*, pk: str) -> bool:
    """Whether there is a provider with this id, whoever may use it."""
    try:
        return Provider.objects.filter(pk=pk).exists()
    except (ValidationError, ValueError):
        return False


def local_provider() -> Provider | None:
    """Return the built-in local model's provider, if it was ever started here."""
    return Provider.objects.filter(is_local=True).first()


# Keys


@dataclass(frozen=True, slots=True)
class KeyState:
    """What a page may say about the key that would be used: never the key."""

    last4: str
    is_team: bool
    is_bound: bool  # False: it was given for another origin and has to be typed again


def key_state_for(*, user: User, provider: Provider) -> KeyState | None:
    """Return the state of the key that ``endpoint_for`` would use, or None when there is none."""
    return _key_state(_key_for(user, provider), provider)


def _key_state(key: ApiKey | None, provider: Provider) -> KeyState | None:
    if key is None:
        return None
    is_bound = key.origin == origin_of(provider.base_url)
    return KeyState(last4=key.last4, is_team=key.owner_id is None, is_bound=is_bound)


@dataclass(frozen=True, slots=True)
class ProviderCard:
    """A provider as the list of providers shows it."""

    provider: Provider
    api_name: str
    is_editable: bool
    key: KeyState | None


def provider_cards(*, user: User) -> list[ProviderCard]:
    """Return every provider this person may use with the state of its key. Two queries."""
    providers = list(providers_for(user=user))
    keys: dict[UUID, ApiKey] = {}
    for key in ApiKey.objects.filter(Q(owner=user) | Q(owner__isnull=True), provider__in=providers):
        if key.owner_id is not None or key.provider_id not in keys:
            keys[key.provider_id] = key
    return [
        ProviderCard(
            provider=provider,
            api_name=api_name(provider.api),
            is_editable=provider_is_editable(user=user, provider=provider),
            key=_key_state(keys.get(provider.pk), provider),
        )
        for provider in providers
    ]


def has_unbound_headers(*, provider: Provider) -> bool:
    """Whether there are extra headers that cannot be sent any more, because they were for another origin."""
    try:
        extra_headers_of(provider=provider)
    except KeyUnbound:
        return True
    return False


def key_own(*, user: User, provider: Provider) -> ApiKey | None:
    """Return this person's own key for the provider."""
    return ApiKey.objects.filter(provider=provider, owner=user).first()


def key_of_provider(*, provider: Provider) -> ApiKey | None:
    """Return the key that comes with the provider: its owner's, or the one granted to the team."""
    return ApiKey.objects.filter(provider=provider, owner=provider.owner).first()


def key_of_team(*, provider: Provider) -> ApiKey | None:
    """Return the key granted to the team for the provider."""
    return ApiKey.objects.filter(provider=provider, owner__isnull=True).first()


def endpoint_for(*, user: User, provider: Provider) -> Endpoint:
    """Return where to send and as whom: this person's own key first, then the team's.

    Decrypts. Also refreshes ``allowed_hosts`` for the connection that follows, if they are older than HOSTS_FRESH.
    Raises KeyMissing, KeyUnbound, or NotFound for a provider that this person may not use.
    """
    if not provider.is_team and provider.owner_id != user.pk:
        raise NotFound
    if time.monotonic() - _hosts_seen_at > HOSTS_FRESH or provider.is_local:
        allowed_hosts_refresh()
    return Endpoint(
        base_url=provider.base_url,
        auth=provider.auth,
        auth_header=provider.auth_header if provider.auth == Auth.HEADER else "",
        key=_key_opened(user, provider),
        extra_headers=extra_headers_of(provider=provider),
    )


def extra_headers_of(*, provider: Provider) -> Headers:
    """Return the provider's extra headers, decrypted. Raises KeyUnbound."""
    if not provider.extra_headers_ciphertext:
        return ()
    text = _opened(
        provider.extra_headers_ciphertext,
        provider,
        _("The extra headers of “%(provider)s” were given for another address. Type them again."),
    )
    return tuple((str(name), str(value)) for name, value in json.loads(text))


_KEYS: Final = Prepared(
    lambda: ApiKey.objects.filter(Q(owner=Given("user")) | Q(owner__isnull=True), provider=Given("provider"))
)


def _key_for(user: User, provider: Provider) -> ApiKey | None:
    keys = _KEYS.rows(user=user.pk, provider=provider.pk)
    return min(keys, key=lambda key: key.owner_id is None, default=None)


def _key_opened(user: User, provider: Provider) -> str:
    if provider.auth == Auth.NONE:
        return ""
    key = _key_for(user, provider)
    if key is None:
        raise KeyMissing(
            _("“%(provider)s” needs an API key. Add yours on its settings page.")
            % {"provider": provider.name}
        )
    sentence = _("The API key of “%(provider)s” was given for another address. Type it again.")
    return _opened(key.ciphertext, provider, sentence)


def _opened(token: str, provider: Provider, sentence: str) -> str:
    try:
        return vault.unseal(token, origin=origin_of(provider.base_url))
    except vault.VaultError as problem:
        logger.warning("provider %s: %s", provider.pk, problem)
        raise KeyUnbound(sentence % {"provider": provider.name}) from problem


# Addresses


_SETTINGS: Final = Prepared(lambda: TeamSettings.objects.filter(pk=TeamSettings.ONLY_ROW))
_LOCAL: Final = Prepared(lambda: Provider.objects.filter(is_local=True, is_ready=True))


def allowed_hosts() -> tuple[str, ...]:
    """Return the addresses that may be called although private, for ``AddressGuard``.

    Reads the database, except inside an event loop: there it answers what was read last, which
    ``endpoint_for`` does right before a call, at most once a second. So a page's change counts from the next run on in
    its own process, and a second later in every other one.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return allowed_hosts_refresh()
    return tuple(settings.PRIVATE_HOSTS) + _hosts_seen


def allowed_hosts_refresh() -> tuple[str, ...]:
    """Read the administrators' list and the local model's address now, and return all allowed addresses."""
    global _hosts_seen, _hosts_seen_at
    at = time.monotonic()
    hosts = [host for row in _SETTINGS.rows() for host in row.private_hosts if isinstance(host, str)]
    hosts += [urlsplit(local.base_url).netloc for local in _LOCAL.rows()]
    _hosts_seen, _hosts_seen_at = tuple(hosts), at
    return tuple(settings.PRIVATE_HOSTS) + _hosts_seen


# People


def team_settings() -> TeamSettings:
    """Return the one row of settings; its defaults while nobody has saved it."""
    return TeamSettings.objects.filter(pk=TeamSettings.ONLY_ROW).first() or TeamSettings()


def has_people() -> bool:
    """Whether an account exists, so that the next one is not the first."""
    return User.objects.exists()


def signup_state(*, invitation_token: str) -> str:
    """Return who the sign-up page is for now: "first", "open", "invited", or why not: "closed", "uninvited",
    "expired". ``services.account_create`` decides; this says it before somebody fills in a form.
    """
    settings_row = team_settings()
    if not settings_row.first_account_made and not has_people():
        return "first"
    if settings_row.signup_mode == SignupMode.CLOSED:
        return "closed"
    if invitation_token and invitation_for_token(invitation_token) is not None:
        return "invited"
    if settings_row.signup_mode == SignupMode.OPEN:
        return "open"
    return "expired" if invitation_token else "uninvited"


def invitation_for_token(token: str) -> Invitation | None:
    """Return the invitation that this token still opens."""
    found = Invitation.objects.filter(token_hash=invitation_token_hash(token)).first()
    return found if found and found.state() == "open" else None


def invitation_token_hash(token: str) -> str:
    """Return what is kept of a token. It has 256 random bits, so a plain hash cannot be reversed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


_ACTIVE: Final = Prepared(lambda: User.objects.filter(pk=Given("pk"), is_active=True))


def session_person(*, session_key: str | None) -> User | None:
    """Return whom the session with this key signs in, None where there is no such session."""
    return person_signed_in(session=SessionStore(session_key)) if session_key else None


def person_signed_in(*, session: SessionBase) -> User | None:
    """Return whom a session signs in: it exists, they are active, the password is the same."""
    pk = str(session.get(SESSION_KEY, ""))
    user = _ACTIVE.row(pk=int(pk)) if pk.isdecimal() else None
    if user is None:
        return None
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    kept = str(session.get(HASH_SESSION_KEY, ""))
    return user if any(constant_time_compare(kept, each) for each in hashes) else None


def session_is_valid(*, user_id: int, session_key: str | None) -> bool:
    """Whether this session still signs this person in."""
    user = session_person(session_key=session_key)
    return user is not None and user.pk == user_id


def person_named(*, username: str) -> User:
    """Return the person with this username. Raises NotFound."""
    try:
        return User.objects.get(username=username)
    except User.DoesNotExist as problem:
        raise NotFound from problem


def people() -> QuerySet[User]:
    """Return everybody with an account, active ones first. For administrators."""
    return User.objects.order_by("-is_active", "username")


def person(*, pk: int) -> User:
    """Return one person. For administrators. Raises NotFound."""
    return _one(User.objects.all(), pk)


def email_is_taken(*, user: User, email: str) -> bool:
    """Whether somebody else has this email."""
    return User.objects.filter(email__iexact=email).exclude(pk=user.pk).exists()


def administrators() -> QuerySet[User]:
    """Return the active administrators."""
    return User.objects.filter(is_active=True, role=Role.ADMINISTRATOR)


def invitations() -> QuerySet[Invitation]:
    """Return every invitation, the newest first. For administrators."""
    return Invitation.objects.select_related("created_by", "used_by")


def invitations_shown() -> list[Invitation]:
    """Return the invitations that matter on the page: the open ones, then the last ten of the others."""
    rows = list(invitations()[:200])
    still_open = [row for row in rows if row.state() == "open"]
    return still_open + [row for row in rows if row.state() != "open"][:10]


def invitation(*, pk: int) -> Invitation:
    """Return one invitation. For administrators. Raises NotFound."""
    return _one(invitations(), pk)


def audit_events() -> QuerySet[AuditEvent]:
    """Return what happened, the newest first. For administrators."""
    return AuditEvent.objects.select_related("actor")


def _one(rows: QuerySet[Row], pk: object) -> Row:
    try:
        row = rows.filter(pk=pk).first()
    except (ValidationError, ValueError):
        row = None
    if row is None:
        raise NotFound
    return row
