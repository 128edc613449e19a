"""Reads and checks every environment variable; the only module that looks at `os.environ`.

`environment_read` returns one frozen `Environment` or raises `EnvironmentProblem`, which lists every variable that
is wrong, why, and an example of a right value. No message ever repeats a value that may hold a secret.
"""

import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import dj_database_url

from playground.secret_files import vault_keys_read, word_read

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


@dataclass(frozen=True, slots=True)
class Variable:
    """One row of the README's table of settings."""

    name: str
    default: str
    example: str


VARIABLES: Final = {
    variable.name: variable
    for variable in (
        Variable("HOST", "127.0.0.1", "0.0.0.0"),  # noqa: S104 - an example in the documentation
        Variable("PORT", "8000", "8080"),
        Variable("PUBLIC_URL", "", "https://playground.example.com"),
        Variable("TRUSTED_PROXY", "", "10.0.0.5,172.16.0.0/12"),
        Variable("PLAYGROUND_DATA", "data", "/var/lib/chat-playground"),
        Variable("SECRET_KEY", "", "the output of: openssl rand -base64 48"),
        Variable("DATABASE_URL", "", "postgresql://user:password@db:5432/playground"),
        Variable("REDIS_URL", "", "redis://redis:6379/0"),
        Variable("ALLOWED_HOSTS", "", "playground.example.com,10.0.0.7"),
        Variable("PLAYGROUND_LOCAL_MODEL", "1", "0"),
        Variable(
            "PLAYGROUND_PROVIDERS",
            "[]",
            '[{"name": "Gateway", "base_url": "https://gateway.example.com/v1", "api": "generic", '
            '"key": "…", "models": ["some-model"]}]',
        ),
        Variable("PLAYGROUND_PRIVATE_HOSTS", "", "vllm.lan:8000,10.1.0.0/16"),
        Variable("PLAYGROUND_GRACE_SECONDS", "20", "60"),
        Variable("PLAYGROUND_RUNS_PER_PERSON", "32", "8"),
        Variable("PLAYGROUND_RUNS_PER_PROVIDER", "256", "16"),
        Variable("EMAIL_URL", "", "smtp://user:password@mail.example.com:587"),
        Variable("EMAIL_FROM", "Chat Playground <playground@localhost>", "playground@example.com"),
        Variable("DEBUG", "0", "1"),
    )
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One variable and the sentence that says what is wrong with it."""

    name: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.name}: {self.sentence} Example: {self.name}={VARIABLES[self.name].example}"


class EnvironmentProblem(Exception):
    """The environment cannot be used; `problems` says which variables and why."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        lines = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"Chat Playground cannot start with these settings:\n{lines}")


@dataclass(frozen=True, slots=True, repr=False)
class Environment:
    """Every setting that differs between installations, checked."""

    host: str
    port: int
    public_url: str  # no trailing slash; "" when not given
    trusted_proxies: tuple[IpNetwork, ...]
    data_dir: Path
    secret_key: str
    vault_keys: list[str]  # Fernet keys, the newest first
    database: dict[str, Any]  # Django's DATABASES["default"]
    redis_url: str
    allowed_hosts: list[str]
    local_model: bool
    providers: list[dict[str, Any]]
    private_hosts: list[str]
    grace_seconds: float
    runs_per_person: int  # answers at once in one server process; 0 = no bound
    runs_per_provider: int
    email: dict[str, Any]  # Django's EMAIL_* settings
    debug: bool


def environment_read(environ: Mapping[str, str]) -> Environment:
    """Return the checked settings; make the data folder and the generated secrets when they are missing.

    Raises EnvironmentProblem with every problem found, not only the first.
    """
    reader = _Reader(environ)
    host = reader.read("HOST", _host)
    public_url = reader.read("PUBLIC_URL", _public_url)
    data_dir = reader.read("PLAYGROUND_DATA", _data_dir)
    values: dict[str, Any] = {
        "host": host,
        "port": reader.read("PORT", _port),
        "public_url": public_url,
        "trusted_proxies": reader.read("TRUSTED_PROXY", _trusted_proxies),
        "data_dir": data_dir,
        "secret_key": reader.read("SECRET_KEY", lambda text: _secret_key(text, data_dir)),
        "vault_keys": reader.read("PLAYGROUND_DATA", lambda _: vault_keys_read(data_dir) if data_dir else []),
        "database": reader.read("DATABASE_URL", lambda text: _database(text, data_dir)),
        "redis_url": reader.read("REDIS_URL", _redis_url),
        "allowed_hosts": reader.read("ALLOWED_HOSTS", lambda text: _allowed_hosts(text, host, public_url)),
        "local_model": reader.read("PLAYGROUND_LOCAL_MODEL", _switch),
        "providers": reader.read("PLAYGROUND_PROVIDERS", _providers),
        "private_hosts": reader.read("PLAYGROUND_PRIVATE_HOSTS", _private_hosts),
        "grace_seconds": reader.read("PLAYGROUND_GRACE_SECONDS", _seconds),
        "runs_per_person": reader.read("PLAYGROUND_RUNS_PER_PERSON", _count),
        "runs_per_provider": reader.read("PLAYGROUND_RUNS_PER_PROVIDER", _count),
        "email": reader.read("EMAIL_URL", _email)
        | {"DEFAULT_FROM_EMAIL": reader.read("EMAIL_FROM", _not_empty)},
        "debug": reader.read("DEBUG", _switch),
    }
    if reader.problems:
        raise EnvironmentProblem(reader.problems)
    return Environment(**values)


class _Reader:
    """Collects problems, so that somebody who sets up a machine sees all of them at once."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[Problem] = []

    def read(self, name: str, parse: Callable[[str], Any]) -> Any:
        text = self._environ.get(name, "").strip() or VARIABLES[name].default
        try:
            return parse(text)
        except (ValueError, OSError) as problem:
            self.problems.append(Problem(name, _sentence(problem)))
            return {} if name == "EMAIL_URL" else ""


def _sentence(problem: Exception) -> str:
    text = str(problem).strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."


def _list(text: str) -> list[str]:
    return [part for part in re.split(r"[,\s]+", text) if part]


def _not_empty(text: str) -> str:
    if "\n" in text or "\r" in text:
        raise ValueError("it must be one line")
    return text


def _switch(text: str) -> bool:
    match text.lower():
        case "1" | "true" | "yes" | "on":
            return True
        case "0" | "false" | "no" | "off":
            return False
    raise ValueError(f"expected 1 or 0, got {text!r}")


def _host(text: str) -> str:
    bare = text.removeprefix("[").removesuffix("]")
    if _is_address(bare) or _is_host_name(bare):
        return bare
    raise ValueError(f"expected an IP address or a host name, got {text!r}")


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 <= int(text) <= 65535:
        raise ValueError(f"expected a whole number from 0 (any free port) to 65535, got {text!r}")
    return int(text)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise ValueError(f"expected a whole number (0 for no bound), got {text!r}")
    return int(text)


def _seconds(text: str) -> float:
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


def _public_url(text: str) -> str:
    if not text:
        return ""
    parts = _url(text, ("http", "https"))
    if parts.username is not None or parts.query or parts.fragment or parts.path.strip("/"):
        raise ValueError("expected scheme, host and port only (no path, no user, no query)")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _trusted_proxies(text: str) -> tuple[IpNetwork, ...]:
    if text.lower() in ("", "0", "false", "no", "off"):
        return ()
    if text.lower() in ("1", "true", "yes", "on", "*"):
        return EVERY_NETWORK
    try:
        return tuple(ipaddress.ip_network(part, strict=False) for part in _list(text))
    except ValueError:
        raise ValueError("expected IP addresses or networks (CIDR), separated by commas, or 1") from None


def _data_dir(text: str) -> Path:
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


def _secret_key(text: str, data_dir: Path | str) -> str:
    if text:
        if len(text) < 16:
            raise ValueError(f"{len(text)} characters are too few to be secret; use 50 random ones")
        return text
    return word_read(Path(data_dir) / "secret_key") if data_dir else ""


def _database(text: str, data_dir: Path | str) -> dict[str, Any]:
    if not text:
        return _sqlite(str(Path(data_dir) / "playground.sqlite3"))
    scheme = text.partition(":")[0]
    if scheme == "sqlite":
        name = str(dj_database_url.parse(text)["NAME"])
        return _sqlite(name)
    parts = _url(text, ("postgresql", "postgres", "sqlite"))
    if not parts.path.strip("/"):
        raise ValueError("the URL names no database")
    config: dict[str, Any] = dict(dj_database_url.parse(text, conn_max_age=0, conn_health_checks=True))
    options = config.setdefault("OPTIONS", {})
    size = options.pop("pool_max_size", 10)
    if not isinstance(size, int) or not 1 <= size <= 500:
        raise ValueError("pool_max_size must be a whole number from 1 to 500")
    options["pool"] = {"min_size": min(2, size), "max_size": size, "timeout": 30}
    return config


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


def _redis_url(text: str) -> str:
    if text:
        _url(text, ("redis", "rediss", "unix"))
    return text


def _allowed_hosts(text: str, host: str, public_url: str) -> list[str]:
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


def _private_hosts(text: str) -> list[str]:
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


def _providers(text: str) -> list[dict[str, Any]]:
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


def _email(text: str) -> dict[str, Any]:
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
