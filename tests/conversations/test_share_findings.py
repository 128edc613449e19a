"""What the scan before sharing finds, what it leaves alone, and that no text makes it slow."""

import time

import pytest

from conversations.sharing.findings import excerpt_of, findings_in, iban, luhn, resident_id


def kinds(text: str) -> list[str]:
    return [kind for kind, _match in findings_in(text)]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("private_key", "-----BEGIN OPENSSH PRIVATE KEY-----"),
        ("key", "use sk-proj-abcdefghijklmnop1234 for it"),
        ("key", "AKIAIOSFODNN7EXAMPLE"),
        ("key", "ghp_0123456789abcdefghijklmnopqrstuvwxyz"),
        ("key", "AIzaSyA0123456789abcdefghijklmnopqrstuv"),
        ("token", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dBjftJeZ4CVPmB92K27uhbUJU1p1r"),
        ("token", "Authorization: Bearer abcdefghijklmnop0123"),
        ("password", "password=hunter2go"),
        ("password", '"client_secret": "0a1b2c3d4e5f"'),
        ("password", "密码：abc123def"),
        ("password", "postgres://app:s3cr3tpw@db/app"),
        ("email", "write to mira.koch@example.com."),
        ("card", "4111 1111 1111 1111"),
        ("card", "5500-0000-0000-0004"),
        ("identity", "11010519491231002X"),
        ("identity", "078-05-1120"),
        ("account", "DE89 3704 0044 0532 0130 00"),
        ("phone", "+49 30 901820"),
        ("phone", "13800138000"),
        ("phone", "(415) 555-0132"),
        ("inside", "at 192.168.1.7."),
        ("inside", "10.0.0.1:8080"),
        ("inside", "http://gateway.internal/v1"),
        ("inside", "fe80::1ff:fe23:4567:890a"),
    ],
)
def test_it_is_found(kind: str, text: str) -> None:
    assert kinds(text) == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",  # wrong check digit
        "1234567890123",
        "version 10.2.3",
        "8.8.8.8",
        "password: ${PASSWORD}",
        "API_KEY=os.environ['API_KEY']",
        "Authorization: Bearer ••••",
        "0.70, 1.5e-3, 2026-11-22T07:24:57",
        "sk-short",
        "chatcmpl-17322604001732260400",
        "a@b",
        "123e4567-e89b-12d3-a456-426614174000",
        "The quick brown fox has 1,234,567 reasons.",
    ],
)
def test_it_is_left_alone(text: str) -> None:
    assert kinds(text) == []


def test_check_digits() -> None:
    assert luhn("4242424242424242")
    assert not luhn("0000000000000000")
    assert resident_id("11010519491231002X")
    assert not resident_id("110105194912310021")
    assert iban("GB82 WEST 1234 5698 7654 32")
    assert not iban("GB82 WEST 1234 5698 7654 33")


def test_an_excerpt_shows_of_a_secret_its_ends_only() -> None:
    assert excerpt_of("key", "sk-proj-abcdefghijklmnop1234") == "sk-proj-…1234"
    assert excerpt_of("email", "mira@example.com") == "mira@example.com"


@pytest.mark.parametrize(
    "text",
    [
        "a" * 300_000,
        "1" * 300_000,
        "a." * 150_000,
        "a@" * 150_000,
        "1 " * 150_000,
        "10." * 100_000,
        "sk-" * 100_000,
        "eyJ" * 100_000,
        "password" * 40_000,
        "http://" * 40_000,
        "+1 (" * 70_000,
        "AB12 " * 60_000,
        "f" * 300_000,
    ],
)
def test_no_text_makes_it_slow(text: str) -> None:
    began = time.process_time()
    list(findings_in(text))
    assert time.process_time() - began < 3
