"""No secret in a log line, whoever writes it."""

import logging

import pytest

from playground.logs import MaskingFormatter

CANARY = "sk-canary-0123456789abcdef"


def line_of(message: str, *args: object, error: BaseException | None = None) -> str:
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("somebody", logging.INFO, __file__, 1, message, args, info)
    return MaskingFormatter().format(record)


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {CANARY}",
        f"{{'authorization': 'Bearer {CANARY}'}}",
        f'"api-key": "{CANARY}"',
        f"GET https://example.com/v1/models?key={CANARY}&a=b",
        f"bearer {CANARY}",
        f"Incorrect API key provided: {CANARY}.",
        "postgresql://user:canary-0123456789@db/name",
        "password=canary-0123456789",
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str) -> None:
    line = line_of(text)
    assert "canary" not in line
    assert "••••" in line


def test_arguments_and_tracebacks_are_masked_too() -> None:
    assert CANARY not in line_of("could not send %s", {"key": CANARY})
    with pytest.raises(ValueError, match="refused") as caught:
        raise ValueError(f"refused {CANARY}")
    line = line_of("failed", error=caught.value)
    assert "Traceback" in line
    assert CANARY not in line


@pytest.mark.parametrize(
    "text",
    [
        "Exchange 0199 was interrupted; its text so far is kept",
        "KeyError: 'choices'",
        "GET https://example.com:8443/v1/models?page=2",
        "12 tokens in, 34 tokens out",
    ],
)
def test_ordinary_lines_stay_as_they_are(text: str) -> None:
    assert line_of(text).endswith(f"somebody: {text}")
