"""Reads and checks every environment variable; the only module that looks at `os.environ`.

`environment_read` returns one frozen `Environment` or raises `EnvironmentProblem`, which lists every variable that
is wrong, why, and an example of a right value. No message ever repeats a value that may hold a secret.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playground.environment_values import (
    IpNetwork,
    allowed_hosts_parse,
    count_parse,
    data_dir_parse,
    database_parse,
    email_parse,
    host_parse,
    port_parse,
    private_hosts_parse,
    providers_parse,
    public_url_parse,
    redis_url_parse,
    seconds_parse,
    secret_key_parse,
    sender_parse,
    switch_parse,
    trusted_proxies_parse,
)
from playground.secret_files import vault_keys_read


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
    host = reader.read("HOST", host_parse)
    public_url = reader.read("PUBLIC_URL", public_url_parse)
    data_dir = reader.read("PLAYGROUND_DATA", data_dir_parse)
    values: dict[str, Any] = {
        "host": host,
        "port": reader.read("PORT", port_parse),
        "public_url": public_url,
        "trusted_proxies": reader.read("TRUSTED_PROXY", trusted_proxies_parse),
        "data_dir": data_dir,
        "secret_key": reader.read("SECRET_KEY", lambda text: secret_key_parse(text, data_dir)),
        "vault_keys": reader.read("PLAYGROUND_DATA", lambda _: vault_keys_read(data_dir) if data_dir else []),
        "database": reader.read("DATABASE_URL", lambda text: database_parse(text, data_dir)),
        "redis_url": reader.read("REDIS_URL", redis_url_parse),
        "allowed_hosts": reader.read(
            "ALLOWED_HOSTS", lambda text: allowed_hosts_parse(text, host, public_url)
        ),
        "local_model": reader.read("PLAYGROUND_LOCAL_MODEL", switch_parse),
        "providers": reader.read("PLAYGROUND_PROVIDERS", providers_parse),
        "private_hosts": reader.read("PLAYGROUND_PRIVATE_HOSTS", private_hosts_parse),
        "grace_seconds": reader.read("PLAYGROUND_GRACE_SECONDS", seconds_parse),
        "runs_per_person": reader.read("PLAYGROUND_RUNS_PER_PERSON", count_parse),
        "runs_per_provider": reader.read("PLAYGROUND_RUNS_PER_PROVIDER", count_parse),
        "email": reader.read("EMAIL_URL", email_parse)
        | {"DEFAULT_FROM_EMAIL": reader.read("EMAIL_FROM", sender_parse)},
        "debug": reader.read("DEBUG", switch_parse),
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
