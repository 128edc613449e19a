"""How much more may be asked: every spelling of it that is known, and none that breaks it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upstream.wire.rate_limits import RateLimit, rate_limits_of

DATE = ("Date", "Sun, 22 Nov 2026 06:00:00 GMT")


@pytest.mark.parametrize(
    ("headers", "limits"),
    [
        pytest.param(
            [
                ("x-ratelimit-limit-requests", "60"),
                ("x-ratelimit-limit-tokens", "150000"),
                ("x-ratelimit-remaining-requests", "59"),
                ("x-ratelimit-remaining-tokens", "149984"),
                ("x-ratelimit-reset-requests", "1s"),
                ("x-ratelimit-reset-tokens", "6m0s"),
            ],
            [RateLimit("requests", 60, 59, 1.0), RateLimit("tokens", 150_000, 149_984, 360.0)],
            id="OpenAI, SiliconFlow",
        ),
        pytest.param(
            [
                ("X-RateLimit-Limit-Requests", "14400"),
                ("X-RateLimit-Remaining-Requests", "14370"),
                ("X-RateLimit-Reset-Requests", "2m59.56s"),
                ("x-ratelimit-reset-tokens", "7.66s"),
            ],
            [RateLimit("requests", 14_400, 14_370, pytest.approx(179.56))],  # type: ignore[arg-type]  # near enough
            id="Groq; tokens say nothing but their reset",
        ),
        pytest.param(
            [
                DATE,
                ("anthropic-ratelimit-requests-limit", "50"),
                ("anthropic-ratelimit-requests-remaining", "49"),
                ("anthropic-ratelimit-requests-reset", "2026-11-22T06:00:12Z"),
                ("anthropic-ratelimit-input-tokens-limit", "40000"),
                ("anthropic-ratelimit-input-tokens-remaining", "39000"),
            ],
            [RateLimit("requests", 50, 49, 12.0), RateLimit("input-tokens", 40_000, 39_000)],
            id="Anthropic",
        ),
        pytest.param(
            [
                ("RateLimit-Limit", "100, 100;w=60"),
                ("RateLimit-Remaining", "50"),
                ("RateLimit-Reset", "30"),
            ],
            [RateLimit("", 100, 50, 30.0, 60.0)],
            id="IETF, three headers",
        ),
        pytest.param(
            [("RateLimit-Policy", '"default";q=100;w=60'), ("RateLimit", '"default";r=50;t=30')],
            [RateLimit("", 100, 50, 30.0, 60.0)],
            id="IETF, structured",
        ),
        pytest.param(
            [("RateLimit", "limit=10, remaining=0, reset=7")],
            [RateLimit("", 10, 0, 7.0)],
            id="IETF, one header",
        ),
        pytest.param(
            [
                DATE,
                ("X-RateLimit-Limit", "20"),
                ("X-RateLimit-Remaining", "0"),
                ("X-RateLimit-Reset", "1795327260000"),
            ],
            [RateLimit("", 20, 0, 60.0)],
            id="OpenRouter, ms since 1970",
        ),
        pytest.param(
            [("x-ratelimit-limit-requests", "many"), ("x-ratelimit-reset-requests", "soon")], [], id="words"
        ),
        pytest.param([("content-type", "application/json")], [], id="nothing"),
    ],
)
def test_a_spelling_is_read(headers: list[tuple[str, str]], limits: list[RateLimit]) -> None:
    assert list(rate_limits_of(headers)) == limits


NAMES = st.sampled_from(
    [
        "ratelimit",
        "ratelimit-policy",
        "ratelimit-reset",
        "x-ratelimit-reset",
        "x-ratelimit-limit-requests",
        "date",
    ]
)


@given(st.lists(st.tuples(NAMES, st.text(max_size=60))))
def test_nothing_that_a_header_holds_breaks_it(headers: list[tuple[str, str]]) -> None:
    for limit in rate_limits_of(headers):
        assert limit.reset_s is None or limit.reset_s >= 0
