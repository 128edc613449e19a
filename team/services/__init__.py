"""Everything that changes people, providers and keys. One function for each verb, keyword-only."""

from team.services.audit import audit
from team.services.budgets import budget_remove, budget_set
from team.services.invitations import INVITATION_DAYS, invitation_create, invitation_revoke
from team.services.keys import key_remove, key_set, vault_rotate
from team.services.people import (
    account_create,
    account_delete,
    account_delete_check,
    email_set,
    person_deactivate,
    person_reactivate,
    person_role_set,
    profile_update,
    team_settings_update,
)
from team.services.prices import (
    PriceChanges,
    PriceValues,
    price_remove,
    price_set,
    prices_compare,
    prices_import,
)
from team.services.probe import ProbeResult, provider_probe
from team.services.providers import (
    base_url_check,
    local_provider_upsert,
    provider_create,
    provider_delete,
    provider_models_set,
    provider_update,
    providers_from_environment,
)

__all__ = [
    "INVITATION_DAYS",
    "PriceChanges",
    "PriceValues",
    "ProbeResult",
    "account_create",
    "account_delete",
    "account_delete_check",
    "audit",
    "base_url_check",
    "budget_remove",
    "budget_set",
    "email_set",
    "invitation_create",
    "invitation_revoke",
    "key_remove",
    "key_set",
    "local_provider_upsert",
    "person_deactivate",
    "person_reactivate",
    "person_role_set",
    "price_remove",
    "price_set",
    "prices_compare",
    "prices_import",
    "profile_update",
    "provider_create",
    "provider_delete",
    "provider_models_set",
    "provider_probe",
    "provider_update",
    "providers_from_environment",
    "team_settings_update",
    "vault_rotate",
]
