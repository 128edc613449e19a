"""Kept messages as the page shows them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from conversations import selectors
from conversations.models import Exchange, Message, Run
from playground.cost_words import cost_words
from playground.honoured_words import honoured_sentences
from playground.part_views import blocks_of, media_of, written_json
from playground.stats import stats_of
from playground.view_models import AlternativesView, ErrorView, MessageView, StatsView, ToolCallView

KEY_TROUBLE = frozenset(
    {"authentication_failed", "permission_denied", "address_forbidden", "name_not_resolved"}
)
"""Errors that are mended on the provider's page."""


def message_views(messages: Sequence[Message], *, column: int | None = None) -> tuple[MessageView, ...]:
    """Return messages of one conversation for the transcript; needs their exchange.

    Answers of one exchange stand together in the first of them. One query for the forks, one more where there are some.
    """
    if not messages:
        return ()
    forks = selectors.alternatives(conversation_id=messages[0].conversation_id, messages=messages)
    forked = [message for message in messages if message.pk in forks]
    choices = selectors.choices_beside(messages=forked)
    return tuple(row_views(messages, forks=forks, choices=choices, column=column))


def row_views(
    messages: Sequence[Message],
    *,
    forks: Mapping[UUID, Sequence[UUID]],
    choices: Mapping[UUID, Sequence[Message]],
    column: int | None = None,
) -> Iterator[MessageView]:
    """Yield messages for a transcript; the first of an exchange with several choices holds all of them."""
    begun: set[UUID] = set()
    for message in messages:
        beside = choices.get(message.exchange_id, ()) if message.exchange_id else ()
        if beside and message.exchange_id in begun:
            continue
        begun |= {message.exchange_id} if message.exchange_id and beside else set()
        siblings = forks.get(message.pk, ())
        yield replace(
            message_view(message, siblings),
            column=column,
            choices=tuple(replace(message_view(each, siblings), column=column) for each in beside),
        )


def opened_views(messages: Sequence[Message]) -> tuple[MessageView, ...]:
    """Return what a run has just added at the end of its branch: nothing else stands beside it, so nothing is read."""
    siblings: dict[UUID | None, list[Message]] = {}
    for message in messages:
        if message.exchange_id is not None:
            siblings.setdefault(message.parent_id, []).append(message)
    several = [made for made in siblings.values() if len(made) > 1]
    forks = {message.pk: [each.pk for each in made] for made in several for message in made}
    choices = {message.exchange_id: made for made in several for message in made if message.exchange_id}
    return tuple(row_views(messages, forks=forks, choices=choices))


def run_message_views(run: Run) -> tuple[MessageView, ...]:
    """Return what a run shows: the user's message that it answers, and its answers."""
    return message_views(selectors.messages_of_run(run=run))


def message_view(message: Message, siblings: Sequence[UUID] = ()) -> MessageView:
    """Return one message for the transcript."""
    shown = MessageView(
        id=message.pk,
        role=message.role,
        text=message.text,
        conversation=message.conversation_id,
        created=message.created,
        reasoning=message.reasoning,
        refusal=message.refusal,
        tool_calls=tuple(map(ToolCallView.of, message.tool_calls)),
        parent=message.parent_id,
        alternatives=alternatives_view(message, siblings),
        author=message.author.get_full_name() if message.author else "",
        revision=message.revision,
        name=message.name,
        tool_call_id=message.tool_call_id,
        blocks=blocks_of(message.content),
        media=media_of(message.content),
        written=written_json(
            role=message.role,
            name=message.name,
            tool_call_id=message.tool_call_id,
            content=message.content,
            more=bool(message.tool_calls or message.extra or message.as_parts),
        ),
    )
    exchange = message.exchange or message.origin
    return shown if exchange is None else answer_view(shown, message, exchange)


def alternatives_view(message: Message, siblings: Sequence[UUID]) -> AlternativesView | None:
    """Return where a message stands among its siblings, or None where it has none."""
    if message.pk not in siblings:
        return None
    at = siblings.index(message.pk)

    def href(place: int) -> str:
        inside = 0 <= place < len(siblings)
        return reverse("branch-show", args=[message.conversation_id, siblings[place]]) if inside else ""

    return AlternativesView(at + 1, len(siblings), href(at - 1), href(at + 1))


def answer_view(shown: MessageView, message: Message, exchange: Exchange) -> MessageView:
    """Add to a message what its exchange knows."""
    figures = stats_of(timing=exchange.timing, tokens_in=exchange.tokens_in, tokens_out=exchange.tokens_out)
    return replace(
        shown,
        state=exchange.state,
        exchange=exchange.pk,
        choice=message.choice or 0,
        model=exchange.model,
        stats=StatsView(
            **figures, **cost_words(message.exchange), notes=honoured_sentences(exchange.findings)
        )
        if exchange.state not in Exchange.LIVE
        else StatsView(),
        error=error_view(exchange),
    )


def error_view(exchange: Exchange) -> ErrorView | None:
    """Return why an exchange failed, or None."""
    error = exchange.error
    if not error:
        return None
    kind = str(error.get("kind") or "")
    settings = kind in KEY_TROUBLE and exchange.provider_id is not None
    return ErrorView(
        kind=kind,
        message=str(error.get("message") or _("The provider reported an error.")),
        advice=str(error.get("advice") or ""),
        status=error.get("status"),
        retry_after=error.get("retry_after"),
        settings_href=reverse("provider", args=[exchange.provider_id]) if settings else "",
    )
