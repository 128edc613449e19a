"""Every shape of error body gives one typed error, the provider's own words first."""

import json
from typing import Any

import pytest

from upstream.wire.error_bodies import error_from_response
from upstream.wire.errors import KINDS, UpstreamError
from upstream.wire.reader import ResponseReader


def error_of(body: Any, status: int = 400, headers: Any = ()) -> UpstreamError:
    text = body if isinstance(body, str) else json.dumps(body)
    reader = ResponseReader(status=status, content_type="", headers=headers)
    reader.feed(text.encode())
    error = reader.close().error
    assert error is not None
    return error


def test_every_kind_has_advice_and_a_stable_name() -> None:
    assert len(KINDS) == 19
    for kind, cls in KINDS.items():
        assert kind == cls.kind == kind.lower()
        assert cls("x").advice.endswith(".")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request"), (401, "authentication_failed"), (402, "permission_denied"), (403, "permission_denied"),
        (404, "not_found"), (405, "invalid_request"), (408, "upstream_unavailable"), (413, "invalid_request"),
        (422, "invalid_request"), (429, "rate_limited"), (500, "upstream_failed"), (501, "upstream_failed"),
        (502, "upstream_unavailable"), (503, "upstream_unavailable"), (504, "upstream_unavailable"),
        (520, "upstream_unavailable"), (524, "upstream_unavailable"), (529, "upstream_unavailable"),
        (599, "upstream_failed"),
    ],
)  # fmt: skip
def test_a_status_alone_says_the_kind(status: int, kind: str) -> None:
    for body in ("", "{}", "[]", "null", '{"error":null}', '{"x":1}'):
        error = error_of(body, status)
        assert error.kind == kind
        assert error.status == status
        assert error.message


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, {"code": "model_not_found", "message": "x"}, "model_not_found"),
        (400, {"message": "The model `gpt-9` does not exist or you do not have access to it."}, "model_not_found"),
        (404, {"message": "model 'x' not found"}, "model_not_found"),
        (404, {"message": "Not Found"}, "not_found"),
        (404, {"code": "DeploymentNotFound", "message": "The API deployment does not exist."}, "model_not_found"),
        (400, {"message": "API key not valid. Pass a valid API key.", "status": "INVALID_ARGUMENT"},
         "authentication_failed"),
        (400, {"code": "content_filter", "message": "filtered", "innererror": {}}, "content_filtered"),
        (400, {"type": "content_policy_violation", "message": "x"}, "content_filtered"),
        (403, {"code": "invalid_api_key", "message": "x"}, "authentication_failed"),
        (429, {"code": "insufficient_quota", "message": "You exceeded your current quota"}, "rate_limited"),
        (500, {"type": "rate_limit_error", "message": "x"}, "rate_limited"),
        (500, {"type": "overloaded_error", "message": "x"}, "upstream_unavailable"),
        (200, {"code": 429, "message": "x"}, "rate_limited"),
        (200, {"code": "400", "message": "x"}, "invalid_request"),
        (200, {"status_code": 503, "message": "x"}, "upstream_unavailable"),
        (200, {"type": "invalid_request_error", "message": "x"}, "invalid_request"),
        (200, {"message": "x"}, "upstream_failed"),
    ],
)  # fmt: skip
def test_codes_types_and_words_say_more_than_the_status(
    status: int, error: dict[str, Any], kind: str
) -> None:
    assert error_of({"error": error}, status).kind == kind


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": "model x is gone"}, "model x is gone"),
        ({"error": {"message": "a"}}, "a"),
        ({"error": {"error": {"message": "a"}}}, "a"),
        ({"error": {"message": {"detail": "a b"}}}, "a b"),
        ({"error": ["Error in `x`: wrong"], "warnings": []}, "Error in `x`: wrong"),
        ({"errors": ["one", {"message": "two"}]}, "one; two"),
        ({"detail": "a"}, "a"),
        ({"detail": {"error": {"message": "a"}}}, "a"),
        ({"detail": [{"loc": ["body", "n"], "msg": "too big"}]}, "too big (body.n)"),
        ({"message": "a"}, "a"),
        ({"Message": "a"}, "a"),
        ({"msg": "a", "code": 1}, "a"),
        ({"error_code": 336002, "error_msg": "Invalid JSON"}, "Invalid JSON"),
        ({"title": "Bad", "detail": "too big", "status": 400, "type": "about:blank"}, "too big"),
        ({"error": "invalid_request", "error_description": "no such scope"}, "no such scope"),
        ({"error": "Bad Request", "message": "x must be a number"}, "x must be a number"),
        ({"code": "Not found", "error": "The model is gone."}, "The model is gone."),
        ("a", "a"), ('"a"', "a"), ('["a"]', "a"),
        ('"{\\"error\\":{\\"message\\":\\"a\\"}}"', "a"),
        ({"error": {"message": "<html><head><title>413 Too Large</title></head><body>x</body></html>"}}, "413 Too Large. x"),
        ({"error": {"message": "Provider returned error", "metadata": {"raw": "plain cause"}}},
         "plain cause (Provider returned error)"),
        ({"error": {"message": "a", "metadata": {"raw": {"detail": "cause"}}}}, "cause (a)"),
        ({"error": {"message": "the cause is here", "metadata": {"raw": "cause"}}}, "the cause is here"),
        ({"error": 5}, "The provider answered 400 Bad Request."),
    ],
)  # fmt: skip
def test_the_message_is_found_in_every_shape(body: Any, message: str) -> None:
    assert error_of(body).message == message


def test_code_param_type_and_the_raw_body_are_kept_as_sent() -> None:
    body = {
        "error": {
            "message": "m",
            "type": "invalid_request_error",
            "param": "messages[0].content",
            "code": 20015,
        }
    }
    error = error_of(body)
    assert (error.code, error.param, error.type) == (20015, "messages[0].content", "invalid_request_error")
    assert error.raw == json.dumps(body)


@pytest.mark.parametrize(
    ("headers", "error", "seconds"),
    [
        ([("Retry-After", "7")], {}, 7.0),
        ([("retry-after", "0.5")], {}, 0.5),
        ([("retry-after-ms", "1500"), ("retry-after", "9")], {}, 1.5),
        ([("Date", "Sun, 22 Nov 2026 03:00:00 GMT"), ("Retry-After", "Sun, 22 Nov 2026 03:00:30 GMT")], {}, 30.0),
        ([("Date", "Sun, 22 Nov 2026 03:00:00 GMT"), ("Retry-After", "Sun, 22 Nov 2026 02:00:00 GMT")], {}, 0.0),
        ([("Retry-After", "tomorrow")], {}, None),
        ([("Retry-After", "-5")], {}, None),
        ([("Retry-After", "inf")], {}, 7 * 24 * 3600.0),
        ([("Retry-After", "nan")], {}, None),
        ([], {"message": "Please try again in 6m12.5s. Visit"}, 372.5),
        ([], {"message": "Rate limit reached. Please retry after 26 seconds."}, 26.0),
        ([], {"message": "try again in 850ms"}, 0.85),
        ([], {"retry_after": 3}, 3.0),
        ([], {"details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.07s"}]}, 34.07),
        ([], {"metadata": {"headers": {"Retry-After": "12"}}}, 12.0),
        ([], {"message": "You have 5 models"}, None),
    ],
)  # fmt: skip
def test_how_long_to_wait_is_found_wherever_it_is_said(
    headers: Any, error: Any, seconds: float | None
) -> None:
    found = error_of({"error": {"message": "slow down", **error}}, 429, headers)
    assert found.retry_after == (pytest.approx(seconds) if seconds is not None else None)


def test_the_raw_body_kept_with_an_error_is_bounded() -> None:
    error = error_from_response(status=500, text="x" * 100_000, document=None)
    assert len(error.raw) < 20_000
    assert len(error.message) <= 2_000
