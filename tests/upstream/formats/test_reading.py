"""Whatever is pasted or uploaded: recognised, read, refused in words, never a crash."""

import base64
import hashlib
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft6Validator
from referencing import Registry, Resource

from tests.conftest import ROOT, missing
from upstream.formats.errors import FormatError
from upstream.formats.har import har_write
from upstream.formats.jsonl import jsonl_line
from upstream.formats.markdown import markdown
from upstream.formats.playground_json import json_write
from upstream.formats.reading import read_any, text_of
from upstream.formats.records import (
    AttachmentRecord,
    ColumnRecord,
    ConversationRecord,
    ExchangeRecord,
    MessageRecord,
)

KEY = "sk-canary-0123456789abcdef"
BODY = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hi"}], "temperature": 0.5}
STREAM = (
    b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"Hel"}}]}\n\n'
    b'data: {"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\ndata: [DONE]\n\n'
)


def exchange(**changes: Any) -> ExchangeRecord:
    values: dict[str, Any] = {
        "id": "e1",
        "provider": "Gateway",
        "model": "m",
        "url": "https://h/v1/chat/completions?a=b%20c",
        "http_version": "HTTP/1.1",
        "headers": (("Content-Type", "application/json"), ("Authorization", "Bearer ••••cdef")),
        "body": json.dumps(BODY),
        "status": 200,
        "reason": "OK",
        "response_headers": (("Content-Type", "text/event-stream"),),
        "timing": {
            "dns": 1.0,
            "connect": 3.5,
            "tls": 9.0,
            "request_sent": 9.5,
            "first_byte": 40.25,
            "ended": 90.0,
        },
        "created": "2026-01-02T03:04:05.678+00:00",
        "raw": STREAM,
        "pieces": ((80, 40.25), (len(STREAM) - 80, 80.0)),
    }
    return ExchangeRecord(**values | changes)


# HAR


def test_har_is_valid_har() -> None:
    folder = ROOT / "node_modules" / "har-schema" / "lib"
    if not folder.is_dir():
        missing("har-schema is not installed (npm ci)")
    schemas = {path.name: json.loads(path.read_text()) for path in folder.glob("*.json")}
    registry = Registry().with_resources(
        [(schema.get("$id", name), Resource.from_contents(schema)) for name, schema in schemas.items()]
        + [(name, Resource.from_contents(schema)) for name, schema in schemas.items()]
    )
    written = json.loads(
        har_write(
            [exchange(), exchange(raw=b"\xff\xfe", pieces=((2, 1.0),)), exchange(timing={}, status=None)]
        )
    )
    errors = list(Draft6Validator(schemas["har.json"], registry=registry).iter_errors(written))
    assert errors == []
    first = written["log"]["entries"][0]
    assert first["time"] == 90.0
    assert first["timings"] == {
        "blocked": -1, "dns": 1.0, "connect": 8.0, "ssl": 5.5, "send": 0.5, "wait": 30.75, "receive": 49.75
    }  # fmt: skip


def test_our_har_comes_back_with_its_reads_and_times() -> None:
    (conversation,) = read_any(har_write([exchange()])).conversations
    (read,) = conversation.exchanges
    assert (read.raw, read.pieces, read.timing) == (STREAM, exchange().pieces, exchange().timing)
    assert [message.text for message in conversation.messages] == ["Hi", "Hello"]
    assert conversation.messages[1].exchange == read.id
    assert conversation.columns[0].settings["parameters"] == {"stream": "true", "temperature": "0.5"}
    assert read.usage == {"prompt_tokens": 3, "completion_tokens": 2}


@pytest.mark.parametrize("state", [[], {}, None, 7, "running"])
def test_a_har_of_ours_with_a_strange_state_is_read(state: object) -> None:
    document = json.loads(har_write([exchange()]))
    document["log"]["entries"][0]["_chatPlayground"]["state"] = state
    (conversation,) = read_any(json.dumps(document)).conversations
    assert conversation.exchanges[0].state == "completed"


def test_a_browsers_har_is_stripped_and_its_requests_become_one_tree() -> None:
    def entry(messages: list[dict[str, str]], answer: str) -> dict[str, Any]:
        body = {"model": "m", "messages": messages}
        return {
            "startedDateTime": "2026-01-02T03:04:05.678Z",
            "time": 5,
            "request": {
                "method": "POST",
                "url": f"https://h/v1/chat/completions?api-key={KEY}",
                "httpVersion": "h2",
                "headers": [
                    {"name": ":path", "value": "/"},
                    {"name": "authorization", "value": f"Bearer {KEY}"},
                    {"name": "cookie", "value": "sid=verysecretcookie1"},
                ],
                "postData": {"mimeType": "application/json", "text": json.dumps(body)},
            },
            "response": {
                "status": 200,
                "statusText": "",
                "headers": [{"name": "set-cookie", "value": "sid=verysecretcookie1"}],
                "content": {
                    "size": 1,
                    "mimeType": "application/json",
                    "encoding": "base64",
                    "text": base64.b64encode(
                        json.dumps({"choices": [{"message": {"role": "assistant", "content": answer}}], "k": KEY}).encode()
                    ).decode(),
                },
            },
            "timings": {"blocked": 1, "dns": -1, "connect": 3, "ssl": 2, "send": 1, "wait": 4, "receive": 5},
        }  # fmt: skip

    question = [{"role": "user", "content": "One"}]
    further = [*question, {"role": "assistant", "content": "1"}, {"role": "user", "content": "Two"}]
    entries = [
        entry(question, "1"),
        entry(question, "uno"),
        entry(further, "2"),
        {"request": {"method": "GET", "url": "x", "headers": []}},
    ]
    imported = read_any(json.dumps({"log": {"entries": entries}}))
    (conversation,) = imported.conversations
    assert [(each.text, each.parent) for each in conversation.messages] == [
        ("One", None), ("1", "m1"), ("uno", "m1"), ("Two", "m2"), ("2", "m4")
    ]  # fmt: skip
    assert set(imported.stripped) == {"authorization", "cookie", "set-cookie", "?api-key="}
    assert imported.left_out == {"requests that are no chat": 1}
    assert "canary" not in str(imported)
    assert "verysecret" not in str(imported)
    assert conversation.exchanges[0].timing == {
        "connect": 2.0,
        "tls": 4.0,
        "request_sent": 5.0,
        "first_byte": 9.0,
        "ended": 14.0,
    }


# JSON lines, bodies, Markdown


def test_json_lines_come_back() -> None:
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": "a\u2028b\nc"}]
    text = jsonl_line(messages, parameters={"tools": '[\n {"type": "function"}\n]', "temperature": "1"}) * 2
    assert text.count("\n") == 2
    imported = read_any(text)
    assert len(imported.conversations) == 2
    assert imported.source == "jsonl"
    (conversation, _) = imported.conversations
    assert conversation.columns[0].settings["system"] == "s"
    assert conversation.messages[0].text == "a\u2028b\nc"
    assert set(conversation.columns[0].settings["parameters"]) == {"tools"}


def test_a_body_keeps_its_literals_and_members() -> None:
    text = (
        '{"temperature": 0.70, "seed": 12345678901234567890, "x": { "y" : 1.0 }, '
        '"messages": [{"role": "user", "content": "a", "z": 1}], "x": [1]}'
    )
    (conversation,) = read_any(text).conversations
    parameters = {"temperature": "0.70", "seed": "12345678901234567890", "x": "[1]"}
    assert conversation.columns[0].settings["parameters"] == parameters
    assert conversation.messages[0].extra == {"z": 1}


def test_markdown_reads_well() -> None:
    messages = [
        MessageRecord(
            "m1", None, "user",
            ({"type": "text", "text": "Hi"}, {"type": "image_url", "image_url": {"url": "data:x"}}),
        ),
        MessageRecord(
            "m2", "m1", "assistant", ({"type": "text", "text": "Yes"},),
            reasoning="Hm\nm", tool_calls=({"function": {"name": "f", "arguments": "{}"}},),
        ),
    ]  # fmt: skip
    text = markdown(messages, title="A `title`", system="Be brief", model="m")
    assert text == (
        "# A 'title'\n\nModel: `m`\n\n## system\n\nBe brief\n\n## user\n\nHi\n\n*[image]*\n\n"
        "## assistant\n\n> Hm\n> m\n\nYes\n\n"
        "Calls `f`:\n\n```json\n{}\n```\n"
    )


# Other programs


def test_chatgpt_trees_come_whole() -> None:
    def node(key: str, parent: str | None, role: str, text: str, **more: Any) -> tuple[str, Any]:
        content = {"content_type": "text", "parts": [text]}
        message = {"author": {"role": role}, "content": content, "create_time": 1_700_000_000.5} | more
        return key, {"id": key, "parent": parent, "message": message, "children": []}

    thoughts = {"content_type": "thoughts", "thoughts": [{"summary": "s", "content": "Hm."}]}
    mapping = dict(
        [
            ("root", {"id": "root", "message": None, "parent": None, "children": []}),
            node("s", "root", "system", "", metadata={"is_visually_hidden_from_conversation": True}),
            node("u", "s", "user", "Question"),
            node("t", "u", "assistant", "", content=thoughts),
            node("a", "t", "assistant", "One", metadata={"model_slug": "gpt-5"}),
            node("b", "u", "assistant", "Two"),
            node("c", "a", "assistant", "print(1)", recipient="python"),
            node("d", "c", "tool", "1"),
            node("e", "d", "user", "More"),
        ]
    )
    document = [{"title": "T", "create_time": 1, "update_time": 2, "mapping": mapping, "current_node": "e"}]
    imported = read_any(json.dumps(document))
    (conversation,) = imported.conversations
    assert [(each.role, each.text, each.parent) for each in conversation.messages] == [
        ("user", "Question", None), ("assistant", "Two", "m1"), ("assistant", "One", "m1"), ("user", "More", "m3")
    ]  # fmt: skip
    assert conversation.messages[2].reasoning.strip() == "Hm."
    assert conversation.columns[0].leaf == "m4"
    assert conversation.columns[0].settings["model"] == "gpt-5"
    assert imported.left_out["messages of tools"] == 2


def test_open_webui_chats_come_whole() -> None:
    details = '<details type="reasoning" done="true"><summary>Thought</summary>\n> Hm</details>\nYes'
    nodes = {
        "b": {"parentId": "a", "role": "assistant", "content": details, "model": "m", "timestamp": 1_700_000_000},
        "a": {
            "parentId": None, "role": "user", "content": "Hi",
            "files": [{"type": "image", "url": "data:image/png;base64,AAAA"}],
        },
    }  # fmt: skip
    chat = {"title": "T", "params": {"system": "Be brief"}, "history": {"messages": nodes, "currentId": "b"}}
    (conversation,) = read_any(
        json.dumps([{"id": "1", "title": "T", "chat": chat, "created_at": 1_700_000_000_000}])
    ).conversations
    assert [(each.role, each.text, each.reasoning) for each in conversation.messages] == [
        ("user", "Hi", ""), ("assistant", "Yes", "> Hm")
    ]  # fmt: skip
    assert conversation.messages[0].content[1]["image_url"]["url"] == "data:image/png;base64,AAAA"
    assert conversation.columns[0].settings["system"] == "Be brief"


# Hostile input

OURS = '{"format": "chat-playground", "version": 1, '


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("hello", "unknown"),
        ("{", "not_json"),
        ('{"a": NaN, "messages": []}', "not_json"),
        ('{"messages": [], "temperature": 1e999}', "not_json"),
        ('{"messages": [], "seed": ' + "9" * 5000 + "}", "not_json"),
        ("[" * 10_000 + "]" * 10_000, "too_deep"),
        ('{"messages":' + "[" * 300 + "]" * 300 + "}", "too_deep"),
        ('{"a": 1}', "unknown"),
        ("[]", "unknown"),
        ("[1]", "unknown"),
        ('{"messages": [1]}', "field"),
        ('{"messages": [{"role": "root"}]}', "field"),
        ('{"messages": {}}', "no_request"),
        ('{"log": {"entries": 5}}', "field"),
        ('{"log": {"entries": [5]}}', "field"),
        ('{"log": {"entries": []}}', "no_request"),
        ('[{"mapping": 5}]', "field"),
        ('[{"mapping": {"a": {"parent": "b"}, "b": {"parent": "a"}}}]', "field"),
        ('[{"chat": {}}]', "field"),
        ('{"format": "chat-playground", "version": 2}', "version"),
        (OURS + '"conversations": [{"messages": [{"id": "a", "role": "user", "parent": "a"}]}]}', "field"),
        (OURS + '"conversations": [{"attachments": [{"digest": "0", "data": ""}]}]}', "field"),
        ('{"messages": []}\n{"messages": 5}', "no_request"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_a_reason(text: str, code: str) -> None:
    with pytest.raises(FormatError) as refused:
        read_any(text)
    assert refused.value.code == code


def test_bytes_that_are_no_text_are_refused() -> None:
    for data, code in ((b"PK\x03\x04", "archive"), (b"\x1f\x8b", "archive"), (b"{\xff}", "not_unicode")):
        with pytest.raises(FormatError) as refused:
            text_of(data)
        assert refused.value.code == code
    assert text_of("é".encode("utf-16")) == "é"
    assert text_of("é".encode("utf-8-sig")) == "é"


def test_members_with_strange_names_are_plain_data() -> None:
    text = '{"__proto__": {"a": 1}, "constructor": 2, "messages": [{"role": "user", "content": "a", "__proto__": {}}]}'
    (conversation,) = read_any(text).conversations
    assert set(conversation.columns[0].settings["parameters"]) == {"__proto__", "constructor"}


NAMES = (
    *(
        "format",
        "version",
        "conversations",
        "messages",
        "role",
        "content",
        "log",
        "entries",
        "request",
        "response",
    ),
    *(
        "mapping",
        "message",
        "author",
        "parts",
        "chat",
        "history",
        "parentId",
        "parent",
        "headers",
        "name",
        "value",
    ),
    *("postData", "text", "url", "timings", "exchanges", "columns", "leaf", "settings", "trace", "pieces"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(NAMES),
            inner | st.sampled_from(["chat-playground", 1, "user", "text"]),
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(JSON)
@example([{"log": {}}])
@example([{"role": []}])
@example([{"format": "chat-playground"}])
def test_no_json_breaks_the_reader(value: Any) -> None:
    try:
        read_any(json.dumps(value))
    except FormatError:
        return  # refused in words; anything else fails this test


def test_an_unmasked_export_is_stripped() -> None:
    given = exchange(
        headers=(("Authorization", f"Bearer {KEY}"),),
        body=json.dumps(BODY | {"note": KEY}),
        raw=KEY.encode(),
        pieces=((len(KEY), 1.0),),
    )
    record = ConversationRecord(
        "T",
        (),
        (ColumnRecord(None, {"parameters": {}, "provider": "", "model": "", "system": ""}),),
        (given,),
    )
    imported = read_any(json_write([record], exported=""))
    assert imported.stripped == ("Authorization",)
    assert "canary" not in str(imported)
    (read,) = imported.conversations[0].exchanges
    assert sum(length for length, _ in read.pieces) == len(read.raw)


def test_attachments_come_back() -> None:
    data = b"\x89PNG"
    attachment = AttachmentRecord(hashlib.sha256(data).hexdigest(), "image/png", "a.png", data)
    record = ConversationRecord("T", (), (), (), (attachment,))
    assert read_any(json_write([record], exported="")).conversations == (record,)
