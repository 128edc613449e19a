"""Starting and stopping runs."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from conversations import selectors, services
from conversations.models import Conversation, Exchange
from conversations.services import MessageMissing, OpenedRun, RunConflict, Turn
from playground import lifecycle
from playground.forms import RunForm
from playground.local_model_process import SLOTS
from playground.nudges import Nudge
from playground.run_queue import Seat
from playground.runtime import Runtime, runtime
from playground.views.messages import message_view, run_message_views
from playground.views.signed_in import PersonRequest, problem, signed_in_async
from team import selectors as team
from team.errors import TeamError
from team.models import Provider, User
from upstream.client import Timeouts
from upstream.wire.request import InvalidDraft


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
        opened = await runtime().unbroken(run_begin(runtime(), asked))
    except (Conversation.DoesNotExist, RunConflict) as error:
        raise Http404 from error
    except Refused as error:
        return problem(422, *error.messages)
    if opened.messages and not (asked.data.get("again") or asked.data.get("beside")):
        # At the end of its branch: there is nothing beside these messages that would have to be read.
        messages = tuple(map(message_view, opened.messages))
    else:
        messages = await runtime().in_database(run_message_views, opened.run)
    return render(request, "playground/_messages.html", {"messages": messages})


async def run_begin(parts: Runtime, asked: Asked) -> OpenedRun:
    """Commit a run and start its exchanges. Runs to its end even when the request that asked for it is gone."""
    opened, provider = await parts.in_database(run_commit, asked, parts.process)

    def list_changed() -> None:
        parts.nudges.send(asked.person.pk, Nudge("conversations"))

    parts.runs.start(
        opened.exchanges,
        timeouts=Timeouts(first_byte=provider.first_byte_timeout, idle=provider.idle_timeout),
        seat=Seat(asked.person.pk, provider.pk, provider_limit=SLOTS if provider.is_local else 0),
        ended=list_changed,
    )
    list_changed()
    return opened


def run_commit(asked: Asked, process: str) -> tuple[OpenedRun, Provider]:
    """Check the form, find out where to send and as whom, commit the run: one hop into a database thread does all of it.

    Raises `Refused` with sentences in the person's language.
    """
    with translation.override(asked.language):
        again, beside = uuid_or_none(asked.data.get("again")), uuid_or_none(asked.data.get("beside"))
        providers = team.providers_for(user=asked.person)
        form = RunForm(asked.data, providers=providers, message_required=again is None)
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
                again=again,
                beside=beside,
            )
            opened = services.run_open(
                person=asked.person,
                conversation_id=asked.conversation_id,
                run_id=asked.run_id,
                process=process,
                turns=[turn],
            )
        except MessageMissing as error:
            raise Refused(_("The message to answer is not there any more. Reload the page.")) from error
        except (TeamError, InvalidDraft) as error:
            raise Refused(getattr(error, "message", str(error))) from error
    return opened, given.provider


def uuid_or_none(text: str | None) -> UUID | None:
    """Return the UUID that a form field holds, or None where it holds none."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


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
