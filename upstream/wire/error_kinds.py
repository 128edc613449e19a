"""Which of the typed errors an upstream error is, from its status, code, type and words."""

import re
from typing import Final

from upstream.wire.errors import (
    AuthenticationFailed,
    ContentFiltered,
    InvalidRequest,
    ModelNotFound,
    NotFound,
    PermissionDenied,
    RateLimited,
    UpstreamError,
    UpstreamFailed,
    UpstreamUnavailable,
)

_UNAVAILABLE: Final = frozenset({408, 425, 502, 503, 504, 520, 521, 522, 523, 524, 529, 530})

# Codes and types as providers spell them, in lower case without "_", "-" and spaces.
_NAMES: Final[dict[str, type[UpstreamError]]] = {
    "contentfilter": ContentFiltered,
    "contentpolicyviolation": ContentFiltered,
    "contentmoderation": ContentFiltered,
    "datainspectionfailed": ContentFiltered,
    "responsibleaipolicyviolation": ContentFiltered,
    "invalidapikey": AuthenticationFailed,
    "incorrectapikey": AuthenticationFailed,
    "authenticationerror": AuthenticationFailed,
    "unauthenticated": AuthenticationFailed,
    "unauthorized": AuthenticationFailed,
    "permissionerror": PermissionDenied,
    "permissiondenied": PermissionDenied,
    "permissiondeniederror": PermissionDenied,
    "insufficientbalance": PermissionDenied,
    "insufficientcredits": PermissionDenied,
    "30001": PermissionDenied,
    "modelnotfound": ModelNotFound,
    "modelnotfounderror": ModelNotFound,
    "modelnotexist": ModelNotFound,
    "modelnotavailable": ModelNotFound,
    "invalidmodel": ModelNotFound,
    "deploymentnotfound": ModelNotFound,
    "20012": ModelNotFound,
    "ratelimitexceeded": RateLimited,
    "ratelimitreached": RateLimited,
    "ratelimiterror": RateLimited,
    "toomanyrequests": RateLimited,
    "insufficientquota": RateLimited,
    "resourceexhausted": RateLimited,
    "overloadederror": UpstreamUnavailable,
    "serviceunavailable": UpstreamUnavailable,
    "unavailable": UpstreamUnavailable,
    "50505": UpstreamUnavailable,
}
# Names that say little: they count only where no status says more.
_VAGUE_NAMES: Final[dict[str, type[UpstreamError]]] = {
    "invalidrequesterror": InvalidRequest,
    "badrequesterror": InvalidRequest,
    "badrequest": InvalidRequest,
    "invalidargument": InvalidRequest,
    "validationerror": InvalidRequest,
    "notfounderror": NotFound,
}
_KEY_WORDS: Final = re.compile(
    r"api[ _-]?key[^.]{0,80}(not valid|invalid|incorrect|missing|expired)"
    r"|(invalid|incorrect|missing|expired)[^.]{0,40}(api[ _-]?key|token\b)",
    re.I,
)
_MODEL_WORDS: Final = re.compile(
    r"model[^.]{0,120}(not exist|not found|doesn't exist|not available|no longer|deprecated|unknown)"
    r"|(unknown|no such|not found|not a chat|nonexistent|invalid)[^.]{0,20}\bmodel\b",
    re.I,
)


def classify(*, status: int, code: str | int | None, type: str | None, message: str) -> type[UpstreamError]:
    """Return the class of error. ``status`` is the one that counts: the body's own if HTTP said success."""
    for name in (code, type):
        cls = _NAMES.get(_plain(name))
        if cls is not None and not (status == 401 and cls is PermissionDenied):
            return cls
    if status in (400, 403, 404, 422) or status < 400:
        if status in (400, 403) and _KEY_WORDS.search(message):
            return AuthenticationFailed
        if _MODEL_WORDS.search(message):
            return ModelNotFound
    by_status = _by_status(status)
    if by_status is not None:
        return by_status
    for name in (type, code):
        if cls := _VAGUE_NAMES.get(_plain(name)):
            return cls
    return UpstreamFailed


def _by_status(status: int) -> type[UpstreamError] | None:
    if status == 401:
        return AuthenticationFailed
    if status in (402, 403):
        return PermissionDenied
    if status == 404:
        return NotFound
    if status == 429:
        return RateLimited
    if status in _UNAVAILABLE:
        return UpstreamUnavailable
    if 400 <= status < 500:
        return InvalidRequest
    return UpstreamFailed if status >= 500 else None


def _plain(name: str | int | None) -> str:
    return re.sub(r"[_\-\s]", "", str(name)).lower() if name is not None else ""
