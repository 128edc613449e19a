"""Starting and stopping runs."""

import asyncio
import contextvars
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from conversations import selectors, services
from conversations.models import Conversation, Exchange
from conversations.services import OpenedRun, RunConflict, Turn
from playground import lifecycle
from playground.forms import RunForm
from playground.nudges import conversations_changed
from playground.runtime import Runtime, runtime
from playground.views.messages import run_message_views
from playground.views.signed_in import PersonRequest, problem, signed_in_async
from team import selectors as team
from team.errors import TeamError
from team.models import User
from upstream.client import Timeouts
from upstream.wire.request import InvalidDraft

T = TypeVar("T")
_shielded: set[asyncio.Task[Any]] = set()


class Refused(Exception):
    """The run was not made; `messages` say why."""

    def __init__(self, *messages: str) -> None:
        super().__init__(*messages)
        self.messages = messages


@dataclass(frozen=True, slots=True)
class Asked:
    """One POST, as values: nothing of the request outlives the request."""

    person: User
    conversation_id: UUID
    run_id: UUID
    data: dict[str, Any]
    language: str


@require_POST
@signed_in_async
async def run_start(request: PersonRequest, pk: UUID, run_id: UUID) -> HttpResponse:
    """Commit a run and start it; answer with the user's message and one empty answer for each expected choice.

    The same POST again answers the same run. Once begun, neither a lost connection nor a closed tab undoes it.
    """
    if lifecycle.draining:
        return problem(503, _("The server is restarting. Your text is kept; send it again in a moment."))
    asked = Asked(request.user, pk, run_id, request.POST.dict(), get_language() or "en")
    try:
        opened = await shielded(run_begin(runtime(), asked))
    except (Conversation.DoesNotExist, RunConflict) as error:
        raise Http404 from error
    except Refused as error:
        return problem(422, *error.messages)
    messages = await runtime().in_database(run_message_views, opened.run)
    return render(request, "playground/_messages.html", {"messages": messages})


async def run_begin(parts: Runtime, asked: Asked) -> OpenedRun:
    """Commit a run and start its exchanges. Runs to its end even when the request that asked for it is gone."""
    opened, timeouts = await parts.in_database(run_commit, asked, parts.process)
    parts.runs.start(opened.exchanges, timeouts)
    await conversations_changed(asked.person)
    return opened


def run_commit(asked: Asked, process: str) -> tuple[OpenedRun, Timeouts]:
    """Check the form, find out where to send and as whom, commit the run: one hop into a database thread does all of it.

    Raises `Refused` with sentences in the person's language.
    """
    with translation.override(asked.language):
        form = RunForm(asked.data, providers=team.providers_for(user=asked.person))
        if not form.is_valid():
            raise Refused(*(str(message) for messages in form.errors.values() for message in messages))
        given = form.run_input()
        try:
            turn = Turn(
                text=given.message,
                provider=given.provider,
                endpoint=team.endpoint_for(user=asked.person, provider=given.provider),
                model=given.model,
                system=given.system,
                parameters=given.parameters,
            )
            opened = services.run_open(
                person=asked.person,
                conversation_id=asked.conversation_id,
                run_id=asked.run_id,
                process=process,
                turn=turn,
            )
        except (TeamError, InvalidDraft) as error:
            raise Refused(getattr(error, "message", str(error))) from error
    return opened, Timeouts(first_byte=given.provider.first_byte_timeout, idle=given.provider.idle_timeout)


async def shielded(work: Coroutine[Any, Any, T]) -> T:
    """Await work that goes on when the waiting view is cancelled, in a context that owns nothing of the request's."""
    task = asyncio.create_task(work, context=contextvars.Context())
    _shielded.add(task)
    task.add_done_callback(_shielded.discard)
    return await asyncio.shield(task)


@require_POST
@signed_in_async
async def exchange_stop(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Stop an exchange, whichever process runs it; one that has ended already is as good as stopped."""
    parts = runtime()
    try:
        exchange = await parts.in_database(selectors.exchange_state_for, user=request.user, pk=pk)
    except Exchange.DoesNotExist as error:
        raise Http404 from error
    stopped = exchange.state not in Exchange.LIVE or await parts.journal.request_stop(pk)
    if not stopped:
        exchange = await parts.in_database(selectors.exchange_state_for, user=request.user, pk=pk)
        if exchange.state in Exchange.LIVE:
            return problem(409, _("This answer could not be stopped right now. Try again in a moment."))
    return HttpResponse(status=204)
