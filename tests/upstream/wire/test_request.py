"""From draft to exact bytes: order, numbers and unknown fields as typed; no header replaced silently."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upstream.wire.request import Draft, Endpoint, InvalidDraft, request_build, url_join

MESSAGES = ({"role": "system", "content": "Be brief"}, {"role": "user", "content": "Grüße 你好 <b>\u2028"})


def draft(parameters: Mapping[str, str] | None = None, messages: Any = MESSAGES, **endpoint: Any) -> Draft:
    about: dict[str, Any] = {"base_url": "https://api.example.org/v1", "key": "sk-test", **endpoint}
    return Draft(Endpoint(**about), "/chat/completions", "gpt-x", messages, parameters or {})


def body(parameters: Mapping[str, str], **rest: Any) -> str:
    return request_build(draft(parameters, **rest)).body.decode()


def test_the_body_is_compact_and_in_order() -> None:
    text = body({"stream": "true", "temperature": "0.70"}, messages=({"role": "user", "content": "hi"},))
    assert (
        text
        == '{"model":"gpt-x","messages":[{"role":"user","content":"hi"}],"stream":true,"temperature":0.70}'
    )


@pytest.mark.parametrize(
    "typed",
    [
        "1",
        "1.0",
        "1e2",
        "-0",
        "0.70",
        "1" * 5000,
        "1E+400",
        "null",
        '"é\\u00e9"',
        '["a", "b"]',
        '{"a":{}}',
        "true",
    ],
)
def test_a_value_goes_out_as_it_was_typed(typed: str) -> None:
    assert body({"x": typed}).endswith(f',"x":{typed}}}')


def test_unset_is_left_out_and_null_is_sent() -> None:
    assert "seed" not in body({})
    assert body({"seed": "null"}).endswith(',"seed":null}')


def test_a_parameter_named_model_or_messages_takes_the_place_of_ours() -> None:
    text = body({"top_p": "1", "messages": "[]", "model": '"other"'})
    assert text == '{"model":"other","messages":[],"top_p":1}'


def test_unknown_fields_of_messages_pass_through() -> None:
    message = {"role": "user", "content": [{"type": "x_new", "y": None}], "x_extra": 1}
    assert json.loads(body({}, messages=(message,)))["messages"] == [message]


@pytest.mark.parametrize(
    "typed", ["", "nul", "NaN", "Infinity", "1 2", "{'a':1}", "[1,]", "[" * 20_000, "01", '"\n"']
)
def test_what_is_not_one_json_value_is_refused_by_name(typed: str) -> None:
    with pytest.raises(InvalidDraft) as caught:
        body({"stop": typed})
    assert caught.value.field == "stop"


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(InvalidDraft):
        body({}, messages=({"role": "user", "content": "\ud83d"},))


@pytest.mark.parametrize(
    ("base", "path", "url"),
    [
        ("https://a.org/v1", "/chat/completions", "https://a.org/v1/chat/completions"),
        ("https://a.org/v1/", "chat/completions", "https://a.org/v1/chat/completions"),
        ("https://a.org", "/chat/completions", "https://a.org/chat/completions"),
        ("https://a.org/v1///", "/chat/completions/", "https://a.org/v1/chat/completions"),
        ("https://a.org/v1/chat/completions", "/chat/completions", "https://a.org/v1/chat/completions"),
        ("https://a.org/v1/chat/completions/", "/chat/completions", "https://a.org/v1/chat/completions"),
        ("https://a.org/d/gpt?api-version=2024-10-21", "/chat/completions",
         "https://a.org/d/gpt/chat/completions?api-version=2024-10-21"),
        ("https://a.org/v1#top", "/models", "https://a.org/v1/models"),
        (" https://a.org:8443/v1 ", "/models", "https://a.org:8443/v1/models"),
        ("http://[::1]:8000/v1", "/models", "http://[::1]:8000/v1/models"),
        ("https://a.org/a%20b", "/models", "https://a.org/a%20b/models"),
        ("https://a.org/v1", "", "https://a.org/v1"),
        ("https://a.org", "", "https://a.org/"),
    ],
)  # fmt: skip
def test_base_url_and_path_are_joined(base: str, path: str, url: str) -> None:
    assert url_join(base, path) == url


@pytest.mark.parametrize(
    "base",
    ["", "api.example.org/v1", "ftp://a.org", "https://", "https:///v1", "file:///etc/passwd", "http://[::1"],
)
def test_a_base_url_that_is_none_is_refused(base: str) -> None:
    with pytest.raises(InvalidDraft) as caught:
        request_build(draft(base_url=base))
    assert caught.value.field == "base_url"


def headers(**endpoint: Any) -> dict[str, str]:
    return dict(request_build(draft(**endpoint)).headers)


def test_each_way_to_authenticate_sends_its_header() -> None:
    assert headers()["Authorization"] == "Bearer sk-test"
    assert headers(auth="header", auth_header="api-key")["api-key"] == "sk-test"
    assert "Authorization" not in headers(auth="header", auth_header="api-key")
    assert "Authorization" not in headers(auth="none")
    assert "Authorization" not in headers(key="")


def test_extra_headers_are_sent_in_order_and_may_replace_accept() -> None:
    sent = request_build(draft(extra_headers=(("X-B", "2"), ("accept", "x/y"), ("X-A", "1")))).headers
    assert [name for name, _ in sent] == ["Content-Type", "Authorization", "X-B", "accept", "X-A"]


@pytest.mark.parametrize(
    "name",
    ["Authorization", "authorization", "Host", "Content-Length", "content-type", "Cookie\n", "", "a b", "é"],
)
def test_an_extra_header_replaces_none_of_ours_and_is_a_header(name: str) -> None:
    with pytest.raises(InvalidDraft) as caught:
        headers(extra_headers=((name, "x"),))
    assert caught.value.field == "extra_headers"


def test_an_extra_header_cannot_replace_the_key_header_either() -> None:
    with pytest.raises(InvalidDraft):
        headers(auth="header", auth_header="api-key", extra_headers=(("API-Key", "x"),))


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\0", " a", "é"])
def test_a_header_value_that_would_break_out_is_refused(value: str) -> None:
    with pytest.raises(InvalidDraft):
        headers(extra_headers=(("X-A", value),))
    with pytest.raises(InvalidDraft):
        headers(key=value)


def test_a_streaming_request_asks_for_events_and_a_plain_one_for_json() -> None:
    assert dict(request_build(draft({"stream": "true"})).headers)["Accept"] == "text/event-stream"
    assert dict(request_build(draft({"stream": "false"})).headers)["Accept"] == "application/json"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), JSON, max_size=5),
    st.lists(JSON, max_size=3),
)
@settings(max_examples=200, deadline=None)
def test_any_parameters_and_messages_arrive_as_they_were_given(
    parameters: dict[str, Any], messages: list[Any]
) -> None:
    sources = {name: json.dumps(value) for name, value in parameters.items()}
    parsed = json.loads(body(sources, messages=tuple(messages)))
    assert parsed == {"model": "gpt-x", "messages": messages, **parameters}
    assert list(parsed) == list(dict.fromkeys(["model", "messages", *parameters]))


@given(st.text(max_size=30))
@settings(max_examples=300, deadline=None)
def test_any_text_as_a_value_is_refused_or_leaves_the_body_one_json_object(text: str) -> None:
    try:
        built = body({"x": text})
    except InvalidDraft:
        return
    assert list(json.loads(built)) == ["model", "messages", "x"]
