"""What people paste about tools, through HTTP: hostile text gets a sentence, runs nothing, breaks nothing, loses nothing."""

import json
import os
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations import selectors
from conversations.models import ToolMock
from conversations.services import conversation_create
from team.models import User

ANY_TEXT = st.text(max_size=400)
JSON_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
SCHEMA_WORDS = st.sampled_from(
    (
        *(
            "type",
            "properties",
            "items",
            "anyOf",
            "allOf",
            "$ref",
            "$defs",
            "enum",
            "const",
            "required",
            "title",
        ),
        *("description", "additionalProperties", "default", "object", "array", "string", "null", "#", "name"),
        *(
            "#/properties/a",
            "parameters",
            "paths",
            "get",
            "requestBody",
            "content",
            "schema",
            "__proto__",
            "class",
        ),
        "model_config",
    )
)
SCHEMA_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | SCHEMA_WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(SCHEMA_WORDS, inner, max_size=5),
    max_leaves=30,
)
SLOW = settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
EVIL = "__import__('os').environ.__setitem__('PLAYGROUND_PWNED', '1')"


@pytest.fixture
def client(alice_client: Client) -> Client:
    return alice_client


def imported(client: Client, kind: str, text: str, **fields: str) -> dict[str, Any]:
    response = client.post("/tools/import/", {"kind": kind, "text": text, **fields})
    assert response.status_code == 200
    answer: dict[str, Any] = json.loads(response.content, parse_constant=pytest.fail)
    assert answer["problem"] or answer["tools"] or answer["operations"]
    for source in answer["tools"]:
        json.loads(source, parse_constant=pytest.fail)
        source.encode()
    return answer


@SLOW
@given(text=ANY_TEXT, kind=st.sampled_from(["json", "python", "openapi", "nonsense"]))
def test_any_text_gets_an_answer(client: Client, text: str, kind: str) -> None:
    imported(client, kind, text)


@SLOW
@given(value=JSON_VALUE | SCHEMA_LIKE)
def test_any_json_gets_an_answer(client: Client, value: Any) -> None:
    imported(client, "json", json.dumps(value))
    imported(
        client,
        "json",
        json.dumps([{"name": "f", "parameters": value}, {"type": "function", "function": value}]),
    )


@SLOW
@given(value=SCHEMA_LIKE, more=SCHEMA_LIKE)
def test_any_openapi_document_gets_an_answer(client: Client, value: Any, more: Any) -> None:
    operation = {
        "parameters": value,
        "requestBody": {"content": {"application/json": {"schema": value}}},
        "summary": more,
    }
    document = {
        "paths": {"/a": {"get": operation, "post": more, "parameters": more}, "/b": value},
        "a": value,
    }
    listed = imported(client, "openapi", json.dumps(document))
    chosen = json.dumps([each["id"] for each in listed["operations"]])
    imported(client, "openapi", json.dumps(document), chosen=chosen)


@SLOW
@given(
    name=st.from_regex(r"[a-z_]{1,8}", fullmatch=True),
    types=st.lists(
        st.sampled_from(
            [
                "int",
                "str | None",
                "list[dict[str, int]]",
                "Literal['a', 1]",
                "'X'",
                "X",
                EVIL,
                "1/0",
                "f()",
                "...",
            ]
        ),
        max_size=5,
    ),
    default=st.sampled_from(
        ["", " = 1", f" = {EVIL}", " = [1, {2: 3}]", " = -1.5", " = b''", " = 1e999", " = '\\ud800'"]
    ),
    docstring=ANY_TEXT,
)
def test_no_signature_is_run(
    client: Client, name: str, types: list[str], default: str, docstring: str
) -> None:
    arguments = ", ".join(f"a{number}: {type}{default}" for number, type in enumerate(types))
    words = repr(docstring)
    imported(
        client, "python", f"@{EVIL}\ndef {name}_({arguments}) -> {EVIL}:\n    {words}\n    {EVIL}\n{EVIL}"
    )
    assert "PLAYGROUND_PWNED" not in os.environ


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("json", "[" * 100_000),
        ("json", "[" * 90 + "]" * 90),
        ("json", '[{"name": "f", "parameters": {"a": NaN}}]'),
        ("json", json.dumps([{"name": f"f{n}", "parameters": {}} for n in range(129)])),
        ("json", "x" * 400_001),
        ("python", "a" + ".b" * 20_000),
        ("python", "-" * 50_000 + "1"),
        ("python", "def f(a: " + "list[" * 150 + "]" * 150 + "): pass"),
        ("python", "def f(a: int" + " | int" * 5_000 + "): pass"),
        ("python", "x = 1"),
        ("python", "def f(\x00): pass"),
        ("openapi", "a: &a [x, x]\nb: *a"),
        ("openapi", "paths: {/a: {get: !!python/object/apply:os.system ['touch /tmp/pwned']}}"),
        ("openapi", "? [a, b]\n: c"),
        ("openapi", "[" * 5_000),
        ("openapi", "- " * 20_000),
        ("openapi", "paths: []"),
        ("openapi", "paths: {/a: {get: {operationId: [1]}}}\n\tb: 1"),
    ],
)  # fmt: skip
def test_what_would_hurt_is_refused_with_a_sentence(client: Client, kind: str, text: str) -> None:
    answer = imported(client, kind, text)
    assert answer["problem"] or kind == "openapi" or "list[" in text or " | int" in text


def test_an_openapi_document_that_leads_in_circles_ends(client: Client) -> None:
    node = {"type": "object", "properties": {f"p{n}": {"$ref": "#/components/schemas/N"} for n in range(8)}}
    schema = {"$ref": "#/components/schemas/N"}
    media = {"application/json": {"schema": schema}}
    many = {f"M{n}": {"anyOf": [{"$ref": f"#/components/schemas/M{n + 1}"}] * 9} for n in range(30)}
    document = {
        "paths": {"/a": {"post": {"requestBody": {"content": media}}}},
        "components": {"schemas": {"N": node, **many}},
    }
    (tool,) = imported(client, "openapi", json.dumps(document), chosen='["POST /a"]')["tools"]
    assert json.loads(tool)["function"]["parameters"]["properties"]["p0"] == {"type": "object"}
    schema["$ref"] = "#/components/schemas/M0"
    assert imported(client, "openapi", json.dumps(document), chosen='["POST /a"]')["problem"]


@SLOW
@given(schema=SCHEMA_LIKE | JSON_VALUE, name=ANY_TEXT)
def test_any_schema_becomes_code_that_can_be_parsed(client: Client, schema: Any, name: str) -> None:
    source = json.dumps(schema)
    for language in ("python", "typescript"):
        response = client.post("/tools/code/", {"schema": source, "language": language, "name": name})
        assert response.status_code == 200
        answer = response.json()
        if language == "python" and not answer["problem"]:
            compile(answer["code"], "<made>", "exec")


@SLOW
@given(
    name=st.text(max_size=250),
    match=st.sampled_from(["any", "exact", "partial", "other"]),
    arguments=ANY_TEXT,
    result=ANY_TEXT,
)
def test_a_mock_is_kept_as_it_was_typed_or_refused(
    alice: User, client: Client, name: str, match: str, arguments: str, result: str
) -> None:
    ToolMock.objects.all().delete()
    fields = {"name": name, "match": match, "arguments": arguments, "result": result}
    response = client.post("/tools/mocks/new/", fields)
    assert response.status_code in (200, 422)
    kept = ToolMock.objects.filter(owner=alice).first()
    assert (kept is None) == (response.status_code == 422)
    if kept is not None:
        assert kept.result == result.replace("\r\n", "\n")
        assert client.post(f"/tools/mocks/{kept.pk}/", {**fields, "name": "other"}).status_code == 200
        assert client.get("/tools/mocks/").status_code == 200


def test_the_mocks_of_one_person_are_nobody_elses(
    client: Client, charlie_client: Client, alice: User
) -> None:
    client.post("/tools/mocks/new/", {"name": "secret_tool", "match": "any", "result": "secret result"})
    (mock,) = selectors.tool_mocks_for(user=alice)
    assert b"secret" not in charlie_client.get("/tools/mocks/").content
    assert charlie_client.post(f"/tools/mocks/{mock.pk}/", {"name": "x", "match": "any"}).status_code == 404
    assert charlie_client.post(f"/tools/mocks/{mock.pk}/delete/").status_code == 404
    assert b"secret_tool" in client.get("/tools/mocks/").content
    assert client.post(f"/tools/mocks/{mock.pk}/delete/").status_code == 200
    assert b"secret_tool" not in client.get("/tools/mocks/").content


@SLOW
@given(schema=ANY_TEXT)
def test_a_schema_that_is_no_json_stays_in_the_row(alice: User, client: Client, schema: str) -> None:
    conversation = conversation_create(owner=alice, settings={})
    source = f'[{{"name": "f", "parameters": {schema}}}]'
    parameters = json.dumps({"tools": source, "response_format": schema})
    fields = {"provider": "", "model": "m", "system": "", "parameters": parameters}
    response = client.post(f"/conversations/{conversation.pk}/settings/", fields)
    assert response.status_code in (200, 204, 422)
    kept = selectors.column_of(conversation=conversation).settings.get("parameters", {})
    if response.status_code != 422 and "\x00" not in source and source.isascii():
        assert kept["tools"] == source
    assert client.get(f"/conversations/{conversation.pk}/").status_code == 200
    assert client.post(f"/conversations/{conversation.pk}/preview/", fields).status_code == 200


@pytest.mark.parametrize(
    "fields", [{}, {"on": "on", "most": "x"}, {"on": "on", "most": "9999"}, {"most": "-3"}]
)
def test_the_switch_of_the_loop_takes_what_is_typed(
    alice: User, client: Client, fields: dict[str, str]
) -> None:
    conversation = conversation_create(owner=alice, settings={})
    url = f"/conversations/{conversation.pk}/tool-loop/"
    assert client.post(url, fields).status_code == 200
    loop = selectors.tool_loop_of(column=selectors.column_of(conversation=conversation))
    assert loop.on == ("on" in fields)
    assert 1 <= loop.most <= 50
    assert client.get(url).status_code == 200
    for column in ("7", "x", "9" * 30):
        assert client.post(url, {"column": column}).status_code == 404
