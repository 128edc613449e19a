"""Sending what was committed, and what follows by itself when an answer has come: saved results for the tools it calls."""

from collections.abc import Iterable

from conversations.models import Exchange
from conversations.services import Ending, OpenedExchange
from playground import lifecycle
from playground.local_model_process import SLOTS
from playground.nudges import Nudge
from playground.run_queue import Seat
from playground.runtime import Runtime
from playground.tool_loop import loop_step
from playground.watching import topic_of
from team.models import Provider
from upstream.client import Timeouts

Sending = tuple[OpenedExchange, Provider]


def run_launch(
    parts: Runtime,
    *,
    person: object,
    sendings: Iterable[Sending],
    by_loop: bool = False,
    listed: object = None,
) -> None:
    """Send committed exchanges, each to its provider, and tell the lists of conversations when it begins and has ended.

    `by_loop` says that no hand pressed Send, so that how these end is noted where the loop stands. `listed` is whose lists
    hold the conversation, where not the person's alone do.
    """

    def ended(ending: Ending | None) -> None:
        parts.nudges.send(listed or person, Nudge("conversations"))
        if ending is not None and (by_loop or calls_tools(ending)) and not lifecycle.draining:
            parts.begin(_go_on(parts, ending))

    for exchange, provider in sendings:
        parts.runs.start(
            (exchange,),
            timeouts=Timeouts(first_byte=provider.first_byte_timeout, idle=provider.idle_timeout),
            seat=Seat(person, provider.pk, provider_limit=SLOTS if provider.is_local else 0),
            ended=ended,
        )
    parts.nudges.send(listed or person, Nudge("conversations"))


def calls_tools(ending: Ending) -> bool:
    """Whether an answer came whole and calls tools."""
    messages = [choice.get("message") or {} for choice in ending.response.get("choices") or []]
    called = any(message.get("tool_calls") or message.get("function_call") for message in messages)
    return called and ending.state == Exchange.State.COMPLETED


async def _go_on(parts: Runtime, ending: Ending) -> None:
    """Take the loop's next step after an exchange, if its column has one."""
    step = await parts.in_database(loop_step, ending.exchange_id, parts.process)
    if step is None:
        return
    if step.opened is not None and step.provider is not None:
        sendings = [(exchange, step.provider) for exchange in step.opened.exchanges]
        run_launch(parts, person=step.person, sendings=sendings, by_loop=True)
    # The messages behind what the pages show: they fetch them, whoever looks.
    tip = step.opened.messages[-1].pk if step.opened is not None else None
    news = Nudge("changed", conversation=str(step.conversation), message=str(tip) if tip else None)
    parts.nudges.send(topic_of(step.conversation), news)
