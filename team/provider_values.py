"""What a provider may be made of: pure checks that form, service and environment share.

Values in, cleaned values out; every refusal is an ``InvalidValue`` that names the field and never
repeats a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from django.utils.translation import gettext as _

from team.errors import InvalidValue
from upstream.wire.request import RESERVED_HEADERS

MASK: Final = "••••"
SHORTEST_SHOWN: Final = 12  # characters; of a shorter secret not even the end is shown
LONGEST_SECRET: Final = 4096
MOST_HEADERS: Final = 20
MOST_MODELS: Final = 2000
LONGEST_MODEL_NAME: Final = 300

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,80}")  # RFC 9110, section 5.6.2
_HEADER_VALUE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_KEY: Final = re.compile(r"[\x21-\x7e]+")
_UNFIT: Final = (RESERVED_HEADERS | {"cookie", "proxy-connection"}) - {"authorization"}
_URL: Final = re.compile(r"[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+")  # RFC 3986; no two parsers agree on more
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_SECRET_NAME: Final = re.compile(r"(?i)key|token|secret|passw|signature|\bsig\b")

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ProviderValues:
    """The values of a provider that a person decides, secrets excepted."""

    name: str
    base_url: str
    api: str = "generic"
    auth: str = "bearer"
    auth_header: str = ""
    model_names: tuple[str, ...] = ()
    first_byte_timeout: float = 120  # seconds
    idle_timeout: float = 120  # seconds
    extra_headers: Headers | None = field(default=None, repr=False)  # None: leave as they are


def origin_of(base_url: str) -> str:
    """Return scheme, host and port of a URL in one spelling, for example ``https://api.example.com:443``.

    Raises InvalidValue when the URL names no host or an impossible port.
    """
    try:
        parts = urlsplit(base_url)
        port = parts.port if parts.port is not None else _DEFAULT_PORTS.get(parts.scheme)
        host = (parts.hostname or "").lower()
    except ValueError:
        raise InvalidValue("base_url", _("This is not a well-formed URL.")) from None
    if not host or port is None:
        raise InvalidValue("base_url", _("Write the whole URL with http:// or https:// and a host name."))
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def base_url_clean(text: str, *, path: str = "") -> str:
    """Return the base URL without surrounding space and without the slash at its end.

    ``path`` is the API's own path below it, which people often paste along.
    """
    url = text.strip().rstrip("/")
    if not _URL.fullmatch(url):
        raise InvalidValue("base_url", _("This is not a well-formed URL."))
    if path and url.endswith(path):
        raise InvalidValue("base_url", _("Leave out %(path)s at the end; the API adds it.") % {"path": path})
    origin_of(url)
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise InvalidValue(
            "base_url", _("Leave out the user name and password; keys have a field of their own.")
        )
    if parts.fragment:
        raise InvalidValue("base_url", _("Leave out the part after #."))
    if any(_SECRET_NAME.search(name) for name, _value in parse_qsl(parts.query, keep_blank_values=True)):
        raise InvalidValue(
            "base_url", _("Leave keys out of the URL, which is no secret; they have their own field.")
        )
    return url


def key_clean(text: str) -> str:
    """Return the API key as it is sent. Raises InvalidValue when it cannot stand in a header."""
    key = text.strip()
    if len(key) > LONGEST_SECRET:
        raise InvalidValue("key", _("This is too long for an API key."))
    if not _KEY.fullmatch(key):
        raise InvalidValue(
            "key", _("An API key has visible ASCII characters only, without spaces or line breaks.")
        )
    return key


def auth_header_clean(text: str, *, auth: str) -> str:
    """Return the name of the header that carries the key, or "" when ``auth`` needs none."""
    if auth != "header":
        return ""
    name = text.strip()
    if not name:
        raise InvalidValue("auth_header", _("Name the header that carries the key, for example api-key."))
    if not _TOKEN.fullmatch(name):
        raise InvalidValue("auth_header", _("This cannot be the name of a header."))
    if name.lower() in _UNFIT:
        raise InvalidValue("auth_header", _("This header cannot carry a key."))
    return name


def extra_headers_parse(text: str, *, kept: Sequence[tuple[str, str]] = ()) -> Headers:
    """Return the headers of ``Name: value`` lines; a line still masked stands for its value in ``kept``."""
    stored = {name.lower(): value for name, value in kept}
    headers: list[tuple[str, str]] = []
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        if not line.strip():
            continue
        name, colon, value = line.partition(":")
        if not colon:
            raise InvalidValue(
                "extra_headers", _("Line %(number)d is not of the form Name: value.") % {"number": number}
            )
        name, value = name.strip(), value.strip()
        if MASK in value:
            secret = stored.get(name.lower())
            if secret is None or value != secret_masked(secret):
                raise InvalidValue(
                    "extra_headers", _("Type the whole value of %(name)s.") % {"name": name[:80]}
                )
            value = secret
        headers.append((name, value))
    return extra_headers_clean(headers)


def extra_headers_clean(headers: Iterable[tuple[str, str]], *, auth_header: str = "") -> Headers:
    """Return the headers when every one may be sent as it is; no line break can hide in them."""
    cleaned: Headers = tuple((name.strip(), value.strip()) for name, value in headers)
    if len(cleaned) > MOST_HEADERS:
        raise InvalidValue("extra_headers", _("More than %(most)d headers.") % {"most": MOST_HEADERS})
    seen = {auth_header.lower()}
    for name, value in cleaned:
        _extra_header_check(name, value)
        if name.lower() in seen:
            raise InvalidValue("extra_headers", _("%(name)s is there twice.") % {"name": name})
        seen.add(name.lower())
    return cleaned


def _extra_header_check(name: str, value: str) -> None:
    shown = {"name": name[:80]}
    if not _TOKEN.fullmatch(name):
        raise InvalidValue("extra_headers", _("“%(name)s” cannot be the name of a header.") % shown)
    if name.lower() == "authorization":
        raise InvalidValue("extra_headers", _("Authorization is made from the API key; choose it above."))
    if name.lower() in _UNFIT:
        raise InvalidValue("extra_headers", _("%(name)s is decided by the request itself.") % shown)
    if len(value) > LONGEST_SECRET or not _HEADER_VALUE.fullmatch(value):
        raise InvalidValue(
            "extra_headers", _("The value of %(name)s must be visible ASCII characters on one line.") % shown
        )


def extra_headers_masked(headers: Iterable[tuple[str, str]]) -> str:
    """Return ``Name: ••••last4`` lines, as the form shows them."""
    return "\n".join(f"{name}: {secret_masked(value)}" for name, value in headers)


def secret_masked(value: str) -> str:
    """Return the mask and, of a long secret, its last four characters."""
    return MASK + last4_of(value)


def last4_of(value: str) -> str:
    """Return the last four characters of a secret that is long enough to bear it, otherwise ""."""
    return value[-4:] if len(value) >= SHORTEST_SHOWN else ""


def model_names_clean(names: Iterable[str]) -> tuple[str, ...]:
    """Return each name once, in order, without surrounding space."""
    cleaned = tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
    if len(cleaned) > MOST_MODELS:
        raise InvalidValue("model_names", _("More than %(most)d models.") % {"most": MOST_MODELS})
    if any(len(name) > LONGEST_MODEL_NAME or not name.isprintable() for name in cleaned):
        raise InvalidValue("model_names", _("A model's name is one line of at most 300 characters."))
    return cleaned


def model_names_of(payload: object) -> tuple[str, ...]:
    """Return the names in the answer to ``GET /models``: OpenAI's ``data[].id``, or a bare list.

    Unknown shapes give an empty tuple: the names are typed by hand then.
    """
    entries = payload
    if isinstance(payload, Mapping):
        entries = payload.get("data", payload.get("models"))
    if not isinstance(entries, list):
        return ()
    names = []
    for entry in entries[:MOST_MODELS]:
        name = entry
        if isinstance(entry, Mapping):
            name = entry.get("id", entry.get("name"))
        if isinstance(name, str) and name.isprintable() and len(name) <= LONGEST_MODEL_NAME:
            names.append(name)
    return model_names_clean(names)
