"""One step of a column's tool loop: saved results for an answer's calls, committed as the next run. No page takes part."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from conversations import services
from conversations.services import NextStep, OpenedRun, Turn
from playground.body_json import InvalidBody
from playground.forms import RunForm
from playground.settings_sent import settings_sent
from team import selectors as team
from team.errors import TeamError
from team.models import Provider
from upstream.wire.capture import DOTS
from upstream.wire.request import InvalidDraft

logger = logging.getLogger(__name__)


class CannotGoOn(Exception):
    """What the column sends cannot be sent; the text says why."""


@dataclass(frozen=True, slots=True)
class LoopStep:
    """What came of looking at an exchange: a committed run, or none because the loop does not go on."""

    person: object
    conversation: UUID
    opened: OpenedRun | None = None
    provider: Provider | None = None


def loop_step(exchange_id: UUID, process: str) -> LoopStep | None:
    """Commit the loop's next run after an exchange that has ended; None where the column has no loop.

    What keeps it from going on is noted where the loop stands, in the words a press of Send would be answered with.
    """
    step = None
    try:
        with transaction.atomic():
            step = services.tool_loop_next(exchange_id=exchange_id)
            if step is not None and step.results:
                return _commit(step, process)
    except (CannotGoOn, TeamError, InvalidDraft) as error:
        services.tool_loop_fail(exchange_id=exchange_id, reason=getattr(error, "message", str(error)))
    except Exception:
        logger.exception("The tool loop could not go on after exchange %s", exchange_id)
        services.tool_loop_fail(exchange_id=exchange_id, reason="")
    return None if step is None else LoopStep(step.person.pk, step.conversation.pk)


def _commit(step: NextStep, process: str) -> LoopStep:
    turn = _turn(step)
    opened = services.run_open(
        person=step.person,
        conversation_id=step.conversation.pk,
        run_id=uuid4(),
        process=process,
        turns=[turn],
    )
    services.tool_loop_begun(column=step.column, run_id=opened.run.pk, exchange_id=opened.exchanges[0].id)
    return LoopStep(step.person.pk, step.conversation.pk, opened, turn.provider)


def _turn(step: NextStep) -> Turn:
    """Return what the loop sends next: with the settings of the exchange that calls, judged as a press of Send would be."""
    providers = team.providers_for(user=step.person)
    form = RunForm(_posted(_settings(step)), providers=providers, message_required=False)
    if not form.is_valid():
        raise CannotGoOn(" ".join(str(text) for texts in form.errors.values() for text in texts))
    given = form.run_input()
    return Turn(
        text="",
        provider=given.provider,
        endpoint=team.endpoint_for(user=step.person, provider=given.provider),
        model=given.model,
        system=given.system,
        parameters=given.parameters,
        column=step.column.pk,
        after=step.answer.pk if step.answer else None,
        results=step.results,
    )


def _settings(step: NextStep) -> Mapping[str, Any]:
    """Return the settings that the calls were made under, so that all steps after one press of Send have the same.

    What somebody types meanwhile, perhaps half of it, is for their next press. Where the kept body does not hold what was
    sent (it was masked), the column's own settings are all there is.
    """
    exchange = step.answer.exchange if step.answer else None
    if exchange is None or DOTS in exchange.body:
        settings: Mapping[str, Any] = step.column.settings
        return settings
    try:
        return settings_sent(exchange)
    except InvalidBody as error:
        raise CannotGoOn(str(error)) from error


def _posted(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as a page would post them."""
    return {
        "provider": settings.get("provider", ""),
        "model": settings.get("model", ""),
        "system": settings.get("system", ""),
        "parameters": json.dumps(settings.get("parameters", {}), ensure_ascii=False),
    }
