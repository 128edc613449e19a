"""From a choice of an assembled response to the fields of a message: one way, for live, ended and recovered exchanges."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from conversations import storable
from conversations.models import Message
from conversations.tool_calls import calls_kept
from upstream.wire import think

ANSWER_FIELDS: Final = ("content", "reasoning", "tool_calls", "finish_reason", "extra")
"""What `answer_fill` may set."""


def choices_indexed(response: Mapping[str, Any]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the choices of a response that have an index to be kept under."""
    for position, choice in enumerate(response.get("choices") or []):
        index = choice.get("index", position)
        if isinstance(index, int) and 0 <= index < 2**31:
            yield index, choice


def answer_fill(answer: Message, choice: Mapping[str, Any]) -> None:
    """Set the fields of an answer from its choice; `<think>` at its start becomes reasoning, as on the live page."""
    message = choice.get("message") or {}
    thought, text = think.split(message.get("content") or "")
    refusal = message.get("refusal") or ""
    answer.content = [{"type": "text", "text": storable.text(text)}] if text else []
    if refusal:
        answer.content.append({"type": "refusal", "refusal": storable.text(refusal)})
    answer.reasoning = storable.text((message.get("reasoning_content") or "") + thought)
    answer.tool_calls = calls_kept(message)
    answer.finish_reason = storable.text(str(choice.get("finish_reason") or ""))[:100]


def answers_of(response: Mapping[str, Any]) -> list[Message]:
    """Return the answers of a response as messages that nobody has saved."""
    answers: list[Message] = []
    for index, choice in choices_indexed(response):
        answer = Message(role=Message.Role.ASSISTANT, choice=index)
        answer_fill(answer, choice)
        answers.append(answer)
    return answers
