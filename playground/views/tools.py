"""Tools: the results that an answer's calls wait for, saved results, and the loop that answers with them."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from django import forms
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from conversations import selectors, services
from conversations.models import Column, Conversation, Exchange, Run, ToolMock
from conversations.services import MockValues, RunConflict, TooManyMocks
from conversations.tool_calls import NAME_MAX
from playground import lifecycle
from playground.runtime import runtime
from playground.tool_views import loop_view, mock_summary, results_view
from playground.view_models import MessageView
from playground.views.desk import conversation_of, editable_conversation
from playground.views.messages import message_views
from playground.views.run import Asked, Refused, run_begin
from playground.views.signed_in import PersonRequest, problem, signed_in, signed_in_async

TEXT_MAX: Final = 1_000_000
"""Characters of a saved result, and of the arguments it is for."""


# The calls of an answer


@require_GET
@signed_in
def calls(request: PersonRequest, pk: UUID, choice: int) -> HttpResponse:
    """Return the calls of one answer with a box for the result of each; 204 where the conversation has gone on."""
    exchange = exchange_of(request, pk)
    answer = selectors.answer_that_calls(exchange=exchange, choice=choice)
    if answer is None:
        raise Http404
    conversation = exchange.run.conversation
    try:
        column = selectors.column_of_exchange(exchange=exchange)
    except Column.DoesNotExist:
        return HttpResponse(status=204)
    goes_on = selectors.answer_goes_on(answer=answer)
    if goes_on or not selectors.may_edit(user=request.user, conversation=conversation):
        return HttpResponse(status=204)
    view = results_view(
        answer=answer,
        exchange=exchange.pk,
        mocks=selectors.tool_mocks_for(user=request.user),
        loop=selectors.tool_loop_of(column=column),
    )
    return render(request, "playground/tools/_calls.html", {"view": view})


@require_GET
@signed_in
def messages_after(request: PersonRequest, pk: UUID, message: UUID) -> HttpResponse:
    """Return the messages that follow one, along the newest branch; nothing where none does."""
    found = conversation_of(request.user, pk)
    shown = selectors.branch_after(conversation_id=found.pk, message_id=message)
    if not shown:
        return HttpResponse(status=204)
    messages = message_views(shown, column=_column(request.GET))
    return render(request, "playground/_messages.html", {"messages": messages})


def _column(values: Mapping[str, str]) -> int | None:
    """Return the column that a page shows something in, None where it shows but one."""
    column = values.get("column", "")
    return int(column) if column.isdecimal() and len(column) < 19 else None


@require_POST
@signed_in_async
async def results_send(request: PersonRequest, pk: UUID, message: UUID, run_id: UUID) -> HttpResponse:
    """Answer the calls of a message and run on; answers with the results and the new answers. See `run_start`."""
    if lifecycle.draining:
        return problem(503, _("The server is restarting. Your text is kept; send it again in a moment."))
    data = {**request.POST.dict(), "after": str(message), "message": ""}
    asked = Asked(request.user, pk, run_id, data, get_language() or "en")
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
    messages = await runtime().in_database(_said, opened.run, _column({"column": data.get("columns", "")}))
    return render(request, "playground/_messages.html", {"messages": messages})


def _said(run: Run, column: int | None) -> tuple[MessageView, ...]:
    return message_views(selectors.messages_of_run(run=run), column=column)


@require_GET
@signed_in
def schemas(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Return what an exchange asked for: the schema of each function it offered, and of its answer (or null)."""
    return JsonResponse(selectors.exchange_schemas(exchange=exchange_of(request, pk)))


# The loop


class LoopForm(forms.Form):
    """The switch of a column's loop."""

    on = forms.BooleanField(required=False)
    most = forms.IntegerField(required=False)


@require_http_methods(["GET", "POST"])
@signed_in
def tool_loop(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Answer where the loop of a column stands; a POST switches it on or off before."""
    is_post = request.method == "POST"
    found = editable_conversation(request.user, pk) if is_post else conversation_of(request.user, pk)
    given = request.POST if is_post else request.GET
    try:
        column = selectors.column_named(conversation=found, pk=given.get("column", ""))
    except Column.DoesNotExist as error:
        raise Http404 from error
    loop = selectors.tool_loop_of(column=column)
    if is_post:
        form = LoopForm(request.POST)
        form.is_valid()  # what is no number leaves the bound as it was
        most = form.cleaned_data.get("most") or loop.most
        loop = services.tool_loop_set(column=column, on=form.cleaned_data["on"], most=most)
    context = {"loop": loop_view(loop), "conversation": found.pk, "column": column.pk}
    return render(request, "playground/tools/_loop.html", context)


# Saved results


class MockForm(forms.Form):
    """A saved result as it is typed. Whatever it holds can be kept; only a name is needed."""

    name = forms.CharField(
        max_length=NAME_MAX,
        error_messages={"required": gettext_lazy("Name the function that this is a result of.")},
    )
    match = forms.ChoiceField(choices=ToolMock.Match.choices)
    arguments = forms.CharField(required=False, strip=False, max_length=TEXT_MAX)
    result = forms.CharField(required=False, strip=False, max_length=TEXT_MAX)

    def values(self) -> MockValues:
        """Return what was typed, line ends as the field had them; call after `is_valid`."""
        cleaned = self.cleaned_data
        return MockValues(
            name=cleaned["name"].strip(),
            match=cleaned["match"],
            arguments=cleaned["arguments"].replace("\r\n", "\n"),
            result=cleaned["result"].replace("\r\n", "\n"),
        )


@require_GET
@signed_in
def mocks(request: PersonRequest) -> HttpResponse:
    """Return the person's saved results, of one function where `name` is given."""
    return _mocks_render(request)


@require_POST
@signed_in
def mock_create(request: PersonRequest) -> HttpResponse:
    """Save a result; answers with all of them."""
    return _mock_keep(request, None)


@require_POST
@signed_in
def mock_update(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Change a saved result; answers with all of them."""
    return _mock_keep(request, mock_of(request, pk))


@require_POST
@signed_in
def mock_delete(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Forget a saved result; answers with the others."""
    services.tool_mock_delete(mock=mock_of(request, pk))
    return _mocks_render(request)


def _mock_keep(request: PersonRequest, mock: ToolMock | None) -> HttpResponse:
    form = MockForm(request.POST)
    if not form.is_valid():
        return problem(422, *(message for messages in form.errors.values() for message in messages))
    try:
        services.tool_mock_save(owner=request.user, values=form.values(), mock=mock)
    except TooManyMocks:
        return problem(422, _("You have as many saved results as one may have. Delete some first."))
    return _mocks_render(request)


def _mocks_render(request: PersonRequest) -> HttpResponse:
    kept = selectors.tool_mocks_for(user=request.user)
    shown = [(mock, mock_summary(mock)) for mock in kept]
    context = {"mocks": shown, "matches": ToolMock.Match.choices}
    return render(request, "playground/tools/_mocks.html", context)


def mock_of(request: PersonRequest, pk: UUID) -> ToolMock:
    """Return one of the person's saved results; else 404."""
    try:
        return selectors.tool_mock_for(user=request.user, pk=pk)
    except ToolMock.DoesNotExist as error:
        raise Http404 from error


def exchange_of(request: PersonRequest, pk: UUID) -> Exchange:
    """Return an exchange this person may see; else 404."""
    try:
        return selectors.exchange_for(user=request.user, pk=pk)
    except Exchange.DoesNotExist as error:
        raise Http404 from error
