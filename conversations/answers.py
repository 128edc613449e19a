"""From a choice of an assembled response to the fields of a message: one way, for live, ended and recovered exchanges."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from conversations import storable
from conversations.answer_media import Found, has_media, media_of
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


def answer_fill(answer: Message, choice: Mapping[str, Any], *, begun: str = "") -> None:
    """Set the fields of an answer from its choice; `<think>` at its start becomes reasoning, as on the live page.

    An answer that is spoken says what its transcript says. One that repeats `begun`, the message above that it goes on
    from, says what comes after it.
    """
    message = choice.get("message") or {}
    content = (message.get("content") or "").removeprefix(begun)
    thought, text = think.split(content) if content else ("", transcript_of(message))
    refusal = message.get("refusal") or ""
    answer.content = [{"type": "text", "text": storable.text(text)}] if text else []
    if refusal:
        answer.content.append({"type": "refusal", "refusal": storable.text(refusal)})
    answer.reasoning = storable.text((message.get("reasoning_content") or "") + thought)
    answer.tool_calls = calls_kept(message)
    answer.finish_reason = storable.text(str(choice.get("finish_reason") or ""))[:100]


def transcript_of(message: Mapping[str, Any]) -> str:
    """Return what an answer's voice says, "" where it has none."""
    audio = message.get("audio")
    text = audio.get("transcript") if isinstance(audio, Mapping) else None
    return text if isinstance(text, str) else ""


def answers_of(response: Mapping[str, Any]) -> list[Message]:
    """Return the answers of a response as messages that nobody has saved."""
    answers: list[Message] = []
    for index, choice in choices_indexed(response):
        answer = Message(role=Message.Role.ASSISTANT, choice=index)
        answer_fill(answer, choice)
        answers.append(answer)
    return answers


def media_of_response(response: Mapping[str, Any]) -> dict[int, tuple[Found, ...]]:
    """Return the voice and the images of each choice that has any, by its index. Never on the event loop."""
    if not has_media(response):
        return {}
    choices = choices_indexed(response)
    return {index: found for index, choice in choices if (found := media_of(choice.get("message") or {}))}
