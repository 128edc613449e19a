"""The values of environment variables: one function for each kind, text in, checked value out.

Each raises ValueError with a sentence for the person who set the variable; none of them repeats a text that may hold a
secret. `playground.environment` says which variable it was.
"""

import ipaddress
import json
import re
from email.utils import parseaddr
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import dj_database_url

from playground.secret_files import word_read

BASE_DIR: Final = Path(__file__).resolve().parent.parent
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
EVERY_NETWORK: Final[tuple[IpNetwork, ...]] = (
    ipaddress.ip_network("0.0.0.0/0"),
    ipaddress.ip_network("::/0"),
)
WILDCARD_HOSTS: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, never bound by default
HOSTLESS: Final = frozenset({"unix", "postgresql", "postgres", "sqlite"})  # may name a socket or file instead
PROVIDER_FIELDS: Final = frozenset(
    {"name", "base_url", "api", "key", "models", "auth", "auth_header", "extra_headers"}
)


def _list(text: str) -> list[str]:
    return [part for part in re.split(r"[,\s]+", text) if part]


def sender_parse(text: str) -> str:
    """Return the sender of messages: an address, or a name with an address in angle brackets; in one line."""
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", parseaddr(text)[1]) or re.search(r"[\r\n]", text):
        raise ValueError("expected one e-mail address, or a name and <address>")
    return text


def switch_parse(text: str) -> bool:
    """Return True for 1, False for 0, in the usual spellings."""
    match text.lower():
        case "1" | "true" | "yes" | "on":
            return True
        case "0" | "false" | "no" | "off":
            return False
    raise ValueError(f"expected 1 or 0, got {text!r}")


def host_parse(text: str) -> str:
    """Return an address or host name to listen on, without brackets."""
    bare = text.removeprefix("[").removesuffix("]")
    if _is_address(bare) or _is_host_name(bare):
        return bare
    raise ValueError(f"expected an IP address or a host name, got {text!r}")


def port_parse(text: str) -> int:
    """Return a port; 0 stands for any free one."""
    if not text.isascii() or not text.isdigit() or not 0 <= int(text) <= 65535:
        raise ValueError(f"expected a whole number from 0 (any free port) to 65535, got {text!r}")
    return int(text)


def count_parse(text: str) -> int:
    """Return a whole number; 0 stands for no bound."""
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise ValueError(f"expected a whole number (0 for no bound), got {text!r}")
    return int(text)


def seconds_parse(text: str) -> float:
    """Return a duration in seconds, at most an hour."""
    try:
        seconds = float(text)
    except ValueError:
        raise ValueError(f"expected a number of seconds, got {text!r}") from None
    if not 0 <= seconds <= 3600:
        raise ValueError(f"expected 0 to 3600 seconds, got {text!r}")
    return seconds


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_host_name(text: str) -> bool:
    return re.fullmatch(r"(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?", text) is not None


def _url(text: str, schemes: tuple[str, ...]) -> SplitResult:
    """Return the split URL; the message never repeats the text, which may hold a password."""
    try:
        parts = urlsplit(text)
        port = parts.port  # reading it is what checks it
    except ValueError:
        raise ValueError("it is not a well-formed URL") from None
    if parts.scheme not in schemes:
        raise ValueError(f"expected a URL that starts with {' or '.join(f'{s}://' for s in schemes)}")
    if parts.scheme not in HOSTLESS and not parts.hostname:
        raise ValueError("the URL names no host")
    if port == 0:
        raise ValueError("port 0 cannot be connected to")
    return parts


def public_url_parse(text: str) -> str:
    """Return scheme, host and port without a trailing slash, or `""`."""
    if not text:
        return ""
    parts = _url(text, ("http", "https"))
    if parts.username is not None or parts.query or parts.fragment or parts.path.strip("/"):
        raise ValueError("expected scheme, host and port only (no path, no user, no query)")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def trusted_proxies_parse(text: str) -> tuple[IpNetwork, ...]:
    """Return the networks whose forwarded headers are believed."""
    if text.lower() in ("", "0", "false", "no", "off"):
        return ()
    if text.lower() in ("1", "true", "yes", "on", "*"):
        return EVERY_NETWORK
    try:
        return tuple(ipaddress.ip_network(part, strict=False) for part in _list(text))
    except ValueError:
        raise ValueError("expected IP addresses or networks (CIDR), separated by commas, or 1") from None


def data_dir_parse(text: str) -> Path:
    """Return the data folder, made when it is missing and writable for certain."""
    path = Path(text).expanduser()
    path = path if path.is_absolute() else BASE_DIR / path
    if path.exists() and not path.is_dir():
        raise ValueError(f"{path} is not a folder")
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = path / ".writable"
        probe.touch()
        probe.unlink(missing_ok=True)
    except OSError as problem:
        raise ValueError(f"the folder {path} cannot be written ({problem.strerror})") from problem
    return path


def secret_key_parse(text: str, data_dir: Path | str) -> str:
    """Return the given key, or the one kept in the data folder."""
    if text:
        if len(text) < 16:
            raise ValueError(f"{len(text)} characters are too few to be secret; use 50 random ones")
        return text
    return word_read(Path(data_dir) / "secret_key") if data_dir else ""


def database_parse(text: str, data_dir: Path | str) -> dict[str, Any]:
    """Return Django's settings of the database."""
    if not text:
        return _sqlite(str(Path(data_dir) / "playground.sqlite3"))
    scheme = text.partition(":")[0]
    if scheme == "sqlite":
        return _sqlite(_sqlite_file(text))
    parts = _url(text, ("postgresql", "postgres", "sqlite"))
    if not parts.path.strip("/"):
        raise ValueError("the URL names no database")
    config: dict[str, Any] = dict(dj_database_url.parse(text, conn_max_age=0, conn_health_checks=True))
    options = config.setdefault("OPTIONS", {})
    size = options.pop("pool_max_size", 10)
    if not isinstance(size, int) or not 1 <= size <= 500:
        raise ValueError("its pool_max_size must be a whole number from 1 to 500")
    # After `reconnect_timeout` a lost connection is tried for anew by whoever needs one next, not after a growing pause.
    options["pool"] = {"min_size": min(2, size), "max_size": size, "timeout": 10, "reconnect_timeout": 10}
    return config


def _sqlite_file(text: str) -> str:
    """Return the path in an SQLite URL. A database in memory would be another one for each thread."""
    name = str(dj_database_url.parse(text)["NAME"])
    path = Path(name)
    if not path.is_absolute():
        raise ValueError("expected the absolute path of a file after sqlite:///")
    if not path.parent.is_dir():
        raise ValueError(f"there is no folder {path.parent} for the database")
    return name


def _sqlite(name: str) -> dict[str, Any]:
    """WAL lets readers go on while somebody writes; IMMEDIATE takes the write lock before reading, so that a
    transaction waits for its turn instead of failing in the middle."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": name,
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON",
        },
    }


def redis_url_parse(text: str) -> str:
    """Return the URL as it is, or `""`."""
    if text:
        _url(text, ("redis", "rediss", "unix"))
    return text


def allowed_hosts_parse(text: str, host: str, public_url: str) -> list[str]:
    """Return Django's ALLOWED_HOSTS: this machine, `host`, the public host, then those given."""
    hosts = ["127.0.0.1", "localhost", "[::1]"]
    if host and host not in WILDCARD_HOSTS:
        hosts.append(f"[{host}]" if ":" in host else host)
    if public_url:
        name = urlsplit(public_url).hostname or ""
        hosts.append(f"[{name}]" if ":" in name else name)
    for name in _list(text):
        bare = name.lstrip(".").removeprefix("[").removesuffix("]")
        if name != "*" and not (_is_address(bare) or _is_host_name(bare)):
            raise ValueError(f"{name!r} is neither a host name nor an IP address (no scheme, no port)")
        hosts.append(name)
    return list(dict.fromkeys(hosts))


def private_hosts_parse(text: str) -> list[str]:
    """Return host:port, addresses and networks as they were given."""
    entries = _list(text)
    for entry in entries:
        if not (_is_network(entry) or _is_host_and_port(entry)):
            raise ValueError(f"{entry!r} is neither host:port nor an IP address nor a network (CIDR)")
    return entries


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _is_host_and_port(text: str) -> bool:
    host, _, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        return False
    return _is_address(bare) or _is_host_name(bare)


def providers_parse(text: str) -> list[dict[str, Any]]:
    """Return the team's providers, each with its fields checked."""
    try:
        entries = json.loads(text)
    except ValueError as problem:
        position = getattr(problem, "pos", 0)
        raise ValueError(f"it is not valid JSON (at character {position + 1})") from None
    if not isinstance(entries, list):
        raise ValueError("expected a JSON list of providers")
    for number, entry in enumerate(entries, start=1):
        _provider_check(entry, f"provider {number}")
    names = [entry["name"] for entry in entries]
    if len(set(names)) != len(names):
        raise ValueError("two providers have the same name")
    return entries


def _provider_check(entry: object, where: str) -> None:
    if not isinstance(entry, dict):
        raise ValueError(f"{where} is not a JSON object")
    if unknown := sorted(set(entry) - PROVIDER_FIELDS):
        raise ValueError(f"{where} has unknown fields: {', '.join(map(repr, unknown))}")
    for field in ("name", "base_url"):
        if not isinstance(entry.get(field), str) or not entry[field].strip():
            raise ValueError(f'{where} needs a "{field}"')
    try:
        _url(entry["base_url"], ("http", "https"))
    except ValueError as problem:
        raise ValueError(f'{where}, "base_url": {problem}') from None
    for field in ("api", "key", "auth", "auth_header"):
        if not isinstance(entry.get(field, ""), str):
            raise ValueError(f'{where}: "{field}" must be text')
    models = entry.get("models", [])
    if not isinstance(models, list) or not all(isinstance(model, str) and model for model in models):
        raise ValueError(f'{where}: "models" must be a list of names')
    headers = entry.get("extra_headers", {})
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise ValueError(f'{where}: "extra_headers" must be an object of texts')


def email_parse(text: str) -> dict[str, Any]:
    """Return Django's EMAIL_* settings."""
    if not text:
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    parts = _url(text, ("smtp", "smtps"))
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 587),
        "EMAIL_HOST_USER": parts.username or "",
        "EMAIL_HOST_PASSWORD": parts.password or "",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp" and bool(parts.username),
        "EMAIL_TIMEOUT": 20,
    }
