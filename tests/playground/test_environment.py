"""What each environment variable may hold, and what is said when it holds something else."""

import stat
from pathlib import Path
from typing import Final

import pytest

from playground.environment import VARIABLES, Environment, EnvironmentProblem, environment_read


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def read(data: Path, **variables: str) -> Environment:
    return environment_read({"PLAYGROUND_DATA": str(data), **variables})


def problem_of(data: Path, **variables: str) -> str:
    with pytest.raises(EnvironmentProblem) as caught:
        read(data, **variables)
    return str(caught.value)


def test_nothing_has_to_be_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playground.environment_values.BASE_DIR", tmp_path)
    environment = environment_read({})
    assert (environment.host, environment.port, environment.debug) == ("127.0.0.1", 8000, False)
    assert environment.data_dir == tmp_path / "data"
    assert environment.database["NAME"] == str(tmp_path / "data" / "playground.sqlite3")
    assert environment.local_model is True
    assert environment.allowed_hosts == ["127.0.0.1", "localhost", "[::1]"]


def test_an_empty_variable_counts_as_not_set(data: Path) -> None:
    assert read(data, PORT="", DATABASE_URL="  ").port == 8000


def test_the_secrets_are_made_once_and_readable_by_their_owner_only(data: Path) -> None:
    first, second = read(data), read(data)
    assert first.secret_key == second.secret_key
    assert first.vault_keys == second.vault_keys
    assert len(first.secret_key) >= 50
    for name in ("secret_key", "vault_keys"):
        assert stat.S_IMODE((data / name).stat().st_mode) == 0o600


def test_a_secret_file_that_others_may_read_is_closed_again(data: Path) -> None:
    read(data)
    (data / "secret_key").chmod(0o644)
    read(data)
    assert stat.S_IMODE((data / "secret_key").stat().st_mode) == 0o600


def test_a_given_secret_key_wins_and_writes_no_file(data: Path) -> None:
    assert read(data, SECRET_KEY="k" * 50).secret_key == "k" * 50
    assert not (data / "secret_key").exists()


def test_several_vault_keys_are_read_newest_first(data: Path) -> None:
    old = read(data).vault_keys[0]
    new = "A" * 43 + "="
    (data / "vault_keys").write_text(f"{new}\n{old}\n")
    assert read(data).vault_keys == [new, old]


def test_a_broken_vault_key_is_named_by_its_line_and_not_shown(data: Path) -> None:
    read(data)
    (data / "vault_keys").write_text("not-a-key\n")
    message = problem_of(data)
    assert "Line 1 of" in message
    assert "not-a-key" not in message


def test_every_problem_is_reported_at_once(data: Path) -> None:
    message = problem_of(data, PORT="http", REDIS_URL="localhost", DEBUG="maybe")
    assert "PORT: Expected a whole number" in message
    assert "REDIS_URL: Expected a URL that starts with redis://" in message
    assert "DEBUG: Expected 1 or 0" in message
    assert "Example: PORT=8080" in message


WRONG: Final = [
    ("HOST", "http://127.0.0.1"),
    ("HOST", "bad host"),
    ("PORT", "65536"),
    ("PORT", "-1"),
    ("PORT", "٨٠٠٠"),
    ("PUBLIC_URL", "playground.example.com"),
    ("PUBLIC_URL", "https://example.com/below"),
    ("PUBLIC_URL", "https://user@example.com"),
    ("PUBLIC_URL", "https://example.com:99999"),
    ("TRUSTED_PROXY", "proxy.lan"),
    ("SECRET_KEY", "short"),
    ("DATABASE_URL", "mysql://db/playground"),
    ("DATABASE_URL", "postgresql://db"),
    ("DATABASE_URL", "postgresql://db/playground?pool_max_size=none"),
    ("DATABASE_URL", "sqlite://:memory:"),
    ("DATABASE_URL", "sqlite:///"),
    ("DATABASE_URL", "sqlite:////no/such/folder/playground.sqlite3"),
    ("REDIS_URL", "http://redis"),
    ("ALLOWED_HOSTS", "https://example.com"),
    ("ALLOWED_HOSTS", "example.com:8000"),
    ("PLAYGROUND_LOCAL_MODEL", "2"),
    ("PLAYGROUND_PROVIDERS", "{"),
    ("PLAYGROUND_PROVIDERS", "{}"),
    ("PLAYGROUND_PROVIDERS", "[1]"),
    ("PLAYGROUND_PROVIDERS", '[{"name": "A"}]'),
    ("PLAYGROUND_PROVIDERS", '[{"name": "A", "base_url": "ftp://a"}]'),
    ("PLAYGROUND_PROVIDERS", '[{"name": "A", "base_url": "https://a", "models": "m"}]'),
    ("PLAYGROUND_PROVIDERS", '[{"name": "A", "base_url": "https://a", "colour": "red"}]'),
    ("PLAYGROUND_PRIVATE_HOSTS", "vllm.lan"),
    ("PLAYGROUND_PRIVATE_HOSTS", "10.0.0.0/99"),
    ("PLAYGROUND_GRACE_SECONDS", "soon"),
    ("PLAYGROUND_GRACE_SECONDS", "-1"),
    ("PLAYGROUND_GRACE_SECONDS", "nan"),
    ("PLAYGROUND_RUNS_PER_PERSON", "many"),
    ("PLAYGROUND_RUNS_PER_PROVIDER", "-1"),
    ("EMAIL_URL", "mail.example.com"),
    ("EMAIL_FROM", "a@example.com\nBcc: b@example.com"),
    ("EMAIL_FROM", "Playground"),
    ("DEBUG", "2"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_answered_with_its_name_and_an_example(data: Path, name: str, value: str) -> None:
    message = problem_of(data, **{name: value})
    assert f"  {name}: " in message
    assert f"Example: {name}={VARIABLES[name].example}" in message
    assert message.count("Example:") == 1


def test_every_variable_is_checked() -> None:
    tested_below = {"PLAYGROUND_DATA"}
    assert {name for name, _value in WRONG} | tested_below == set(VARIABLES)


@pytest.mark.parametrize(
    "name", [name for name in VARIABLES if name not in ("SECRET_KEY", "PLAYGROUND_DATA")]
)
def test_every_example_is_a_right_value(data: Path, name: str) -> None:
    read(data, **{name: VARIABLES[name].example})


@pytest.mark.parametrize(
    "variables",
    [
        {"DATABASE_URL": "mysql://user:SECRETSECRET@db/x"},
        {"REDIS_URL": "http://user:SECRETSECRET@redis"},
        {"EMAIL_URL": "imap://user:SECRETSECRET@mail"},
        {"PLAYGROUND_PROVIDERS": '[{"name": "A", "base_url": 1, "key": "SECRETSECRET"}]'},
        {"PLAYGROUND_PROVIDERS": '[{"name": "A", "key": "SECRETSECRET'},
    ],
)
def test_no_message_repeats_a_secret(data: Path, variables: dict[str, str]) -> None:
    assert "SECRET" not in problem_of(data, **variables)


def test_a_data_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    message = problem_of(tmp_path / "data")
    assert "PLAYGROUND_DATA" in message
    assert "is not a folder" in message


def test_a_postgresql_url_becomes_a_bounded_pool(data: Path) -> None:
    database = read(data, DATABASE_URL="postgresql://u:p@db:5433/name?pool_max_size=4").database
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db", 5433, "name")
    assert database["OPTIONS"]["pool"]["max_size"] == 4
    assert database["CONN_MAX_AGE"] == 0


def test_a_postgresql_socket_needs_no_host_name(data: Path) -> None:
    database = read(data, DATABASE_URL="postgresql://postgres:@/name?host=/run/postgresql").database
    assert database["OPTIONS"]["host"] == "/run/postgresql"


def test_sqlite_waits_for_its_turn_to_write(data: Path) -> None:
    options = read(data).database["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in options["init_command"]


def test_the_public_url_allows_its_host(data: Path) -> None:
    environment = read(data, PUBLIC_URL="https://Playground.example.com/", ALLOWED_HOSTS="10.0.0.7 .lan")
    assert environment.public_url == "https://playground.example.com"
    assert {"playground.example.com", "10.0.0.7", ".lan"} <= set(environment.allowed_hosts)


def test_a_wildcard_address_is_no_allowed_host(data: Path) -> None:
    assert "0.0.0.0" not in read(data, HOST="0.0.0.0").allowed_hosts


def test_private_hosts_may_be_hosts_with_ports_addresses_and_networks(data: Path) -> None:
    entries = "vllm.lan:8000, [fd00::1]:8000 10.1.0.0/16,192.168.1.5"
    assert read(data, PLAYGROUND_PRIVATE_HOSTS=entries).private_hosts == [
        "vllm.lan:8000",
        "[fd00::1]:8000",
        "10.1.0.0/16",
        "192.168.1.5",
    ]


def test_the_environment_does_not_show_itself(data: Path) -> None:
    assert read(data).secret_key not in repr(read(data))
