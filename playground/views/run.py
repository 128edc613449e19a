"""Starting and stopping runs."""

from collections.abc import Iterator, Sequence
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
from conversations.selectors.request_bytes import (
    REQUEST_MAX,
    AddressesWanted,
    AttachmentMissing,
    RequestTooLarge,
)
from conversations.services import Below, ColumnMissing, MessageMissing, OpenedRun, RunConflict, Turn
from playground import lifecycle
from playground.attachment_fetch import NotFetched, attachments_fetch
from playground.forms import RunForm
from playground.launch import run_launch
from playground.runtime import Runtime, runtime
from playground.tool_results import results_read
from playground.views.columns import ColumnPost, columns_posted, part_views
from playground.views.desk import editable_conversation, uuid_or_none
from playground.views.message import attachment_gone
from playground.views.messages import opened_views, run_message_views
from playground.views.signed_in import Forbidden, PersonRequest, problem, signed_in_async
from playground.watching import conversation_changed, listed_for
from team import selectors as team
from team.errors import TeamError
from team.models import Provider, User
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
    except Conversation.DoesNotExist as error:
        # Not theirs to write into: whether they may look decides what they are told.
        await runtime().in_database(editable_conversation, request.user, pk)
        raise Http404 from error
    except RunConflict as error:
        raise Http404 from error
    except Refused as error:
        return problem(422, *error.messages)
    if "column" in asked.data:
        parts = await runtime().in_database(part_views, opened.run)
        return render(request, "playground/_column_parts.html", {"parts": parts})
    if opened.messages and not (
        asked.data.get("again") or asked.data.get("beside") or asked.data.get("after")
    ):
        # At the end of its branch: there is nothing beside these messages that would have to be read.
        messages = opened_views(opened.messages)
    else:
        messages = await runtime().in_database(run_message_views, opened.run)
    return render(request, "playground/_messages.html", {"messages": messages})


async def run_begin(parts: Runtime, asked: Asked) -> OpenedRun:
    """Commit a run and start its exchanges. Runs to its end even when the request that asked for it is gone."""
    try:
        opened, providers = await parts.in_database(run_commit, asked, parts.process)
    except AddressesWanted as wanted:
        await _addresses_fetch(parts, asked, wanted.urls)
        opened, providers = await parts.in_database(run_commit, asked, parts.process)
    # A run that existed already has nothing to send.
    found = opened.run.conversation if opened.exchanges else None
    run_launch(
        parts,
        person=asked.person.pk,
        sendings=zip(opened.exchanges, providers, strict=False),
        listed=listed_for(found) if found else None,
    )
    if found:
        conversation_changed(found, tip=opened.exchanges[0].messages[0], by=asked.person)
    return opened


async def _addresses_fetch(parts: Runtime, asked: Asked, urls: Sequence[str]) -> None:
    """Fetch the images that a model cannot be given by address. Raises `Refused`."""
    try:
        await attachments_fetch(
            parts,
            person=asked.person,
            conversation_id=asked.conversation_id,
            urls=urls,
            language=asked.language,
        )
    except NotFetched as error:
        raise Refused(error.message) from error


def run_commit(asked: Asked, process: str) -> tuple[OpenedRun, list[Provider]]:
    """Check the form, find out where to send and as whom, commit the run: one hop into a database thread does all of it.

    Returns the run with the provider of each exchange. Raises `Refused` with sentences in the person's language,
    `AddressesWanted`.
    """
    with translation.override(asked.language):
        try:
            turns = list(_turns(asked))
            opened = services.run_open(
                person=asked.person,
                conversation_id=asked.conversation_id,
                run_id=asked.run_id,
                process=process,
                turns=turns,
            )
        except MessageMissing as error:
            raise Refused(_("The message to answer is not there any more. Reload the page.")) from error
        except ColumnMissing as error:
            raise Refused(_("This column is not there any more. Reload the page.")) from error
        except AttachmentMissing as error:
            raise Refused(attachment_gone()) from error
        except RequestTooLarge as error:
            raise Refused(
                _("The attachments of this conversation have more than %(size)d MB together.")
                % {"size": REQUEST_MAX >> 20}
            ) from error
        except (TeamError, InvalidDraft) as error:
            raise Refused(getattr(error, "message", str(error))) from error
    return opened, [turn.provider for turn in turns]


def _turns(asked: Asked) -> Iterator[Turn]:
    """Yield what each column that is asked to run sends."""
    providers = team.provider_list(user=asked.person)
    posted = columns_posted(user=asked.person, conversation_id=asked.conversation_id, data=asked.data)
    for column in posted:
        try:
            yield _turn(asked, column, providers)
        except Refused as error:
            raise Refused(*map(column.named, error.messages)) from error


def _turn(asked: Asked, column: ColumnPost, providers: Sequence[Provider]) -> Turn:
    again, beside = uuid_or_none(asked.data.get("again")), uuid_or_none(asked.data.get("beside"))
    after = uuid_or_none(asked.data.get("after"))
    form = RunForm(column.data, providers=providers, message_required=not (again or after))
    if not form.is_valid():
        raise Refused(*(str(message) for messages in form.errors.values() for message in messages))
    given = form.run_input()
    return Turn(
        text=given.message,
        written=given.written,
        provider=given.provider,
        endpoint=team.endpoint_for(user=asked.person, provider=given.provider),
        model=given.model,
        system=given.system,
        parameters=given.parameters,
        column=column.column,
        again=again,
        beside=beside,
        after=after,
        below=Below(uuid_or_none(asked.data["below"])) if "below" in asked.data else None,
        results=results_read(asked.data.get("results", "")) if after else (),
    )


def _stoppable(user: User, pk: UUID) -> Exchange:
    """Return an exchange that this person may stop. Raises `Exchange.DoesNotExist`, `Forbidden` for who may only look."""
    exchange = selectors.exchange_state_for(user=user, pk=pk)
    if not selectors.exchange_is_editable(user=user, pk=pk):
        raise Forbidden(_("You may look at this conversation; its answers are for others to stop."))
    return exchange


@require_POST
@signed_in_async
async def exchange_stop(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Stop an exchange, whichever process runs it; one that has ended already is as good as stopped."""
    parts = runtime()
    try:
        exchange = await parts.in_database(_stoppable, request.user, pk)
    except Exchange.DoesNotExist as error:
        raise Http404 from error
    # An answer that has just come may be about to go on by itself, or have done so.
    if (next_one := await parts.in_database(services.tool_loop_stop, exchange_id=pk)) is not None:
        await parts.journal.request_stop(next_one)
    stopped = exchange.state not in Exchange.LIVE or await parts.journal.request_stop(pk)
    if not stopped:
        exchange = await parts.in_database(selectors.exchange_state_for, user=request.user, pk=pk)
        if exchange.state in Exchange.LIVE:
            return problem(409, _("This answer could not be stopped right now. Try again in a moment."))
    return HttpResponse(status=204)
