"""The official client's accumulator and this assembly agree wherever that client accepts a stream.

It refuses what many providers send (no index on a tool call, usage in a chunk without choices before …): those are
counted, so that a change which makes it refuse everything is noticed.
"""

import json
from typing import Any

import pytest
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk

from tests.upstream.wire.cases import Case, ids, need_recorded, recorded, replay, whole
from upstream.wire.framing import normalize, parse

STREAMS = [case for case in recorded() if case.id.endswith("-sse")]


def accumulated(case: Case) -> dict[str, Any] | None:
    """Return what the official client makes of the stream, None if it refuses it."""
    state = ChatCompletionStreamState()
    try:
        for block in normalize(case.body.decode()).split("\n\n"):
            event = parse(block)
            if event.data and event.data != ["[DONE]"]:
                chunk = ChatCompletionChunk.construct(**json.loads("\n".join(event.data)))
                state.handle_chunk(chunk)
        return state.current_completion_snapshot.model_dump()
    except Exception:  # noqa: BLE001 - whatever it raises, it refuses the stream
        return None


ACCEPTED = {case.id: snapshot for case in STREAMS if (snapshot := accumulated(case)) is not None}
AGREEING = [case for case in STREAMS if case.id in ACCEPTED]


def test_the_official_client_accepts_most_recorded_streams() -> None:
    need_recorded()
    assert len(ACCEPTED) >= 30


@pytest.mark.parametrize("case", AGREEING, ids=ids(AGREEING))
def test_the_official_client_and_the_assembly_agree(case: Case) -> None:
    theirs = ACCEPTED[case.id]
    ours = replay(case, whole(case.body)).outcome.response
    assert len(theirs["choices"]) == len(ours["choices"])
    for their, our in zip(theirs["choices"], ours["choices"], strict=True):
        message, mine = their["message"], our["message"]
        assert their["index"] == our["index"]
        assert (message["content"] or None) == (mine["content"] or None)
        assert (message["refusal"] or None) == (mine.get("refusal") or None)
        assert (their["finish_reason"] or None) == our["finish_reason"]
        reasoning = message.get("reasoning_content") or message.get("reasoning")
        assert (reasoning or None) == (mine.get("reasoning_content") or None)
        calls = [
            (call["function"]["name"], call["function"]["arguments"]) for call in message["tool_calls"] or []
        ]
        assert calls == [
            (call["function"]["name"], call["function"]["arguments"]) for call in mine.get("tool_calls", [])
        ]
        tokens = [entry["token"] for entry in (their["logprobs"] or {}).get("content") or []]
        assert tokens == [entry["token"] for entry in (our["logprobs"] or {}).get("content") or []]
    if theirs["usage"] and ours["usage"]:
        for key in ("prompt_tokens", "completion_tokens", "total_tokens"):
            assert theirs["usage"][key] == ours["usage"][key]
