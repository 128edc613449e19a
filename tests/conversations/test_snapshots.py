"""A snapshot never holds what is left out of it, in any form; a share changes only when its owner updates it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.sharing import (
    EVERYTHING,
    Branch,
    BranchExchange,
    BranchImage,
    BranchMessage,
    Included,
    Snapshot,
    SnapshotSource,
    snapshot_make,
)
from conversations.sharing.request_body import UnknownShape, body_without

SYSTEM: Final = "You are SYSTEMCANARY, keeper of the seventh lighthouse; never tell anybody where it stands."
STOP: Final = "PARAMETERCANARY-ends-here"
DIGEST: Final = "d16e57" + "0" * 58
IMAGE: Final = "data:image/png;base64,SU1BR0VDQU5BUlk=IMAGECANARY"
AUTHOR: Final = "AUTHORCANARY Person"
PARAMETERS: Final = {"temperature": "0.70", "stop": json.dumps([STOP]), "stream": "true"}

CANARIES: Final = {
    "system": "SYSTEMCANARY",
    "parameters": "PARAMETERCANARY",
    "images": "IMAGECANARY",
    "author": "AUTHORCANARY",
}


def body(**members: Any) -> str:
    messages = [
        {"role": "system", "content": SYSTEM},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Hello"},
                {"type": "image_url", "image_url": {"url": IMAGE}},
                {"type": "image_url", "image_url": {"url": f"attachment:{DIGEST}"}},
            ],
        },
    ]
    sources = {name: json.loads(source) for name, source in PARAMETERS.items()}
    return json.dumps({"model": "model-a", "messages": messages, **sources, **members})


def chunk(index: int, text: str) -> bytes:
    data = {"choices": [{"index": index, "delta": {"content": text}}]}
    return f"data: {json.dumps(data)}\n\n".encode()


def answer(*texts: str) -> dict[str, Any]:
    return {
        "choices": [
            {"index": at, "message": {"role": "assistant", "content": text}} for at, text in enumerate(texts)
        ]
    }


def exchange(**values: Any) -> BranchExchange:
    raw = values.pop("raw", chunk(0, "Hi") + b"data: [DONE]\n\n")
    base: dict[str, Any] = {
        "state": "completed",
        "model": "model-a",
        "url": "https://api.example.com/v1/chat/completions",
        "headers": (("Authorization", "Bearer ••••cdef"), ("Content-Length", "400")),
        "body": body(),
        "status": 200,
        "response_headers": (("content-type", "text/event-stream"), ("openai-organization", "acme-corp")),
        "response": answer("Hi"),
        "raw": raw,
        "pieces": ((len(raw), 12.0),),
        "timing": {"first_byte": 10.0, "ended": 20.0},
    }
    return BranchExchange(**base | values)


def source(made: BranchExchange | None = None, **answer_fields: Any) -> SnapshotSource:
    question = BranchMessage(
        "q",
        "user",
        (
            {"type": "text", "text": "Hello"},
            {"type": "image_url", "image_url": {"url": IMAGE}},
            {"type": "image_url", "image_url": {"url": f"attachment:{DIGEST}"}},
        ),
        author=AUTHOR,
    )
    reply = BranchMessage(
        "a", "assistant", **({"content": ({"type": "text", "text": "Hi"},), "exchange": "e"} | answer_fields)
    )
    return SnapshotSource(
        title="A title",
        author=AUTHOR,
        branches=(Branch((question, reply), model="model-a", system=SYSTEM, parameters=PARAMETERS),),
        exchanges={"e": made or exchange()},
        images={DIGEST: BranchImage("image/png", 100, name="IMAGECANARY.png")},
    )


def made(from_: SnapshotSource, included: Included) -> Snapshot:
    return snapshot_make(from_, included, made="2026-11-22T00:00:00+00:00")


def everything_in(snapshot: Snapshot) -> str:
    """All of a snapshot as text, every string of it unescaped and unescaped again."""
    text = json.dumps([snapshot.document, snapshot.exchanges, snapshot.digests], ensure_ascii=False)
    return text + text.replace("\\", "") + text.encode().decode("unicode_escape")


def test_everything_is_in_it_unless_it_is_left_out() -> None:
    text = everything_in(made(source(), EVERYTHING))
    for canary in CANARIES.values():
        assert canary in text
    assert DIGEST in text


@pytest.mark.parametrize("part", CANARIES)
def test_what_is_left_out_is_in_no_form_of_it(part: str) -> None:
    without = replace(EVERYTHING, **{part: False})
    snapshot = made(source(), without)
    assert CANARIES[part] not in everything_in(snapshot)
    if part == "images":
        assert DIGEST not in everything_in(snapshot)
        assert snapshot.digests == ()
    for other, canary in CANARIES.items():
        if other != part:
            assert canary in everything_in(snapshot), f"{other} is gone, too"


def test_without_requests_there_is_no_exchange_at_all() -> None:
    snapshot = made(source(), replace(EVERYTHING, raw=False))
    assert snapshot.exchanges == ()
    assert "api.example.com" not in everything_in(snapshot)


ECHOES: Final[dict[str, Callable[[str], str]]] = {
    "plainly": lambda text: text,
    "in JSON": lambda text: json.dumps({"input": text}),
    "in JSON in JSON": lambda text: json.dumps({"detail": json.dumps({"input": text})}),
    "escaped": lambda text: "".join(f"\\u{ord(each):04x}" for each in text),
    "cut short": lambda text: text[:70] + "…",
    "with other spaces": lambda text: text.replace(" ", "\n  "),
}


@pytest.mark.parametrize("how", ECHOES)
@pytest.mark.parametrize("status", [200, 422])
def test_a_provider_that_echoes_the_system_prompt_tells_the_reader_nothing(how: str, status: int) -> None:
    echo = ECHOES[how](SYSTEM)
    raw = f'data: {{"echo": {json.dumps(echo)}, "choices": []}}\n\n'.encode() + chunk(0, "Hi")
    error = (
        None if status == 200 else {"kind": "invalid_request", "message": echo, "status": status, "raw": echo}
    )
    told = exchange(raw=raw, status=status, error=error, reason="OK")
    text = everything_in(made(source(told), replace(EVERYTHING, system=False)))
    assert "SYSTEMCANARY" not in text
    assert "\\u0053\\u0059\\u0053" not in text


def test_a_refusal_that_quotes_a_parameter_is_not_shown_without_parameters() -> None:
    error = {"kind": "invalid_request", "message": "temperature 0.70 is too hot", "status": 400}
    refused = exchange(status=400, error=error, raw=b'{"error": "temperature 0.70 is too hot"}', response={})
    text = everything_in(made(source(refused), replace(EVERYTHING, parameters=False)))
    assert "too hot" not in text
    assert "too hot" in everything_in(made(source(refused), EVERYTHING))


def test_system_messages_of_the_branch_are_left_out_with_the_system_prompt() -> None:
    whole = source()
    branch = whole.branches[0]
    for role in ("system", "developer"):
        first = BranchMessage("s", role, ({"type": "text", "text": "Another BRANCHCANARY prompt"},))
        told = replace(whole, branches=(replace(branch, messages=(first, *branch.messages)),))
        assert "BRANCHCANARY" in everything_in(made(told, EVERYTHING))
        assert "BRANCHCANARY" not in everything_in(made(told, replace(EVERYTHING, system=False)))


@pytest.mark.parametrize(
    "member", ["system", "instructions", "system_instruction", "messages", "metadata", "x_unknown"]
)
def test_a_system_prompt_in_any_other_member_is_left_out_too(member: str) -> None:
    told = exchange(body=body(**{member: SYSTEM}))
    assert "SYSTEMCANARY" not in everything_in(made(source(told), replace(EVERYTHING, system=False)))


@pytest.mark.parametrize(
    "sent", ["", "not JSON", "[]", '{"messages": "x"}', '{"messages": [1]}', "[" * 9_999]
)
def test_a_body_that_nobody_can_read_is_not_shown_where_anything_is_left_out(sent: str) -> None:
    told = exchange(body=f"{sent} SYSTEMCANARY" if sent == "not JSON" else sent)
    snapshot = made(source(told), replace(EVERYTHING, system=False))
    assert snapshot.exchanges[0]["request"]["body"] is None
    assert made(source(told), EVERYTHING).exchanges[0]["request"]["body"] == told.body


def test_a_body_keeps_its_source_text_where_nothing_is_taken_out() -> None:
    sent = '{"model": "m", "messages": [{"role":"user","content":"Hi"}], "seed": 12345678901234567890123}'
    assert body_without(sent, Included(system=False, parameters=True, images=True)) == sent
    shortened = body_without(body(temperature=0.5), Included(system=False, parameters=True, images=True))
    assert '"temperature":0.5' in shortened


def test_only_model_and_messages_are_left_of_a_body_without_parameters() -> None:
    kept = json.loads(body_without(body(), Included(system=True, parameters=False, images=True)))
    assert set(kept) == {"model", "messages"}


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.dictionaries(st.text(), json_values, max_size=6),
    st.lists(
        st.dictionaries(st.sampled_from(["role", "content", "images", "x"]), json_values | st.just("system")),
        max_size=4,
    ),
)
def test_no_body_whatever_its_shape_keeps_an_image_or_a_system_role(
    members: Mapping[str, Any], messages: list[dict[str, Any]]
) -> None:
    sent = json.dumps({**members, "messages": messages})
    try:
        kept = json.loads(body_without(sent, Included(system=False, parameters=True, images=False)))
    except UnknownShape:
        return
    for message in kept["messages"]:
        assert str(message.get("role")).strip().lower() not in ("system", "developer")
        assert not set(message) & {"images", "x"}
        content = message.get("content")
        assert (
            content is None
            or isinstance(content, str)
            or all(p["type"] in ("text", "refusal") for p in content)
        )


# Other branches, keys, what is still coming


def test_only_the_shown_choice_of_several_is_in_it() -> None:
    raw = chunk(0, "one") + chunk(1, "OTHERCANARY") + chunk(0, " more") + b"data: [DONE]\n\n"
    both = {
        "choices": [
            {"index": 0, "delta": {"content": "!"}},
            {"index": 1, "delta": {"content": "OTHERCANARY"}},
        ]
    }
    raw += f"data: {json.dumps(both)}\n\n".encode()
    told = exchange(raw=raw, response=answer("one more!", "OTHERCANARY"))
    snapshot = made(source(told, choice=0), EVERYTHING)
    assert "OTHERCANARY" not in everything_in(snapshot)
    events = snapshot.exchanges[0]["response"]["events"]
    assert [event["added"] for event in events if event["added"]] == ["one", " more", "!"]


def test_an_event_of_several_choices_that_cannot_be_read_is_left_out() -> None:
    raw = chunk(0, "one") + b"data: OTHERCANARY {\n\n" + chunk(1, "x")
    told = exchange(raw=raw, response=answer("one", "x"))
    assert "OTHERCANARY" not in everything_in(made(source(told, choice=0), EVERYTHING))


def test_the_events_of_one_answer_are_the_bytes_as_they_came() -> None:
    raw = b": hello\n\n" + chunk(0, "Hi") + b"data: odd {\n\n" + b"data: [DONE]\n\n"
    events = made(source(exchange(raw=raw)), EVERYTHING).exchanges[0]["response"]["events"]
    assert "".join(event["text"] for event in events).encode() == raw


def test_neither_the_end_of_a_key_nor_whose_account_it_is_is_in_it() -> None:
    text = everything_in(made(source(), EVERYTHING))
    assert "cdef" not in text
    assert "acme-corp" not in text


def test_an_answer_on_its_way_ends_the_snapshot_before_it() -> None:
    snapshot = made(source(exchange(state="streaming")), EVERYTHING)
    assert [message["role"] for message in snapshot.document["messages"]] == ["user"]
    assert snapshot.unfinished
    assert snapshot.exchanges == ()


def test_it_says_which_messages_repeat_what_is_left_out() -> None:
    told = source(content=({"type": "text", "text": f"I was told: {SYSTEM}"},))
    assert made(told, replace(EVERYTHING, system=False)).quoting == (2,)
    assert made(told, EVERYTHING).quoting == ()


def test_columns_share_the_messages_they_have_in_common() -> None:
    whole = source()
    first = whole.branches[0]
    other = BranchMessage("b", "assistant", ({"type": "text", "text": "Hey"},))
    second = Branch((first.messages[0], other), model="model-b")
    snapshot = made(replace(whole, branches=(first, second)), EVERYTHING)
    assert [column["branch"] for column in snapshot.document["columns"]] == [[0, 1], [0, 2]]
    assert snapshot.document["columns"][1]["model"] == "model-b"


def test_there_are_at_most_eight_columns() -> None:
    whole = source()
    snapshot = made(replace(whole, branches=whole.branches * 12), EVERYTHING)
    assert len(snapshot.document["columns"]) == 8


def test_settings_are_those_that_were_sent_last() -> None:
    whole = source()
    changed = replace(whole.branches[0], system="Another one", parameters={"temperature": "2"}, model="other")
    (column,) = made(replace(whole, branches=(changed,)), EVERYTHING).document["columns"]
    assert column["system"] == SYSTEM
    assert column["model"] == "model-a"
    assert column["parameters"]["temperature"] == "0.7"


def test_a_snapshot_says_that_a_stream_was_pruned() -> None:
    kept = exchange(raw=b"", pieces=(), pruned="2026-11-22T00:00:00+00:00")
    (document,) = made(source(kept), EVERYTHING).exchanges
    assert document["response"]["pruned"] == "2026-11-22T00:00:00+00:00"
