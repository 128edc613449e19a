"""The bytes of a kept request once more, to the same or another provider."""

import json
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from conversations import selectors, storable
from conversations.models import Conversation, Exchange, Message, Run
from conversations.selectors.access import editable_by
from conversations.services.budget import keys_charged
from conversations.services.conversation import conversation_touch
from conversations.services.run import (
    MAX_CHOICES,
    MessageMissing,
    OpenedExchange,
    OpenedRun,
    RunTaken,
    Sending,
    run_create,
    run_existing,
)
from team.models import Provider, User
from upstream import catalog
from upstream.wire import capture
from upstream.wire.request import Endpoint, PreparedRequest, headers_build, url_join


class BodyMasked(Exception):
    """The kept body held a secret, so the bytes that were sent are not known any more."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """Which process sends the bytes once more, to whom and as whom."""

    process: str
    provider: Provider
    endpoint: Endpoint


def run_again(
    *, person: User, exchange_id: UUID, run_id: UUID, process: str, provider: Provider, endpoint: Endpoint
) -> OpenedRun:
    """Commit a run that sends the body of a kept exchange to `provider`; its answers stand beside the first ones.

    Address, key and headers are the provider's own: nothing of the kept headers goes along. The same `run_id` again
    returns the run that exists, with nothing to send. Raises `Exchange.DoesNotExist` where this person may not write
    into its conversation, `BodyMasked`, `MessageMissing` where the message it answered is gone, `RunConflict`,
    `InvalidDraft`, `BudgetSpent`.
    """
    try:
        return _run_repeat(person, exchange_id, run_id, Repeat(process, provider, endpoint))
    except RunTaken as taken:
        return run_existing(taken, person=person)


@transaction.atomic
def _run_repeat(person: User, exchange_id: UUID, run_id: UUID, repeat: Repeat) -> OpenedRun:
    """Commit everything of a new run. Raises `RunTaken`."""
    provider, endpoint = repeat.provider, repeat.endpoint
    original = selectors.exchange_for(user=person, pk=exchange_id)
    editable = Conversation.objects.select_for_update().filter(editable_by(person))
    conversation = editable.filter(pk=original.run.conversation_id).first()
    if conversation is None:
        raise Exchange.DoesNotExist
    if capture.DOTS in original.body:
        raise BodyMasked
    parent = original.parent
    if parent is None or parent.deleted is not None:
        raise MessageMissing
    run = run_create(run_id, conversation, person)
    key = keys_charged(person=person, providers=[provider]).get(provider.pk)
    document = _document(original.body)
    accept = "text/event-stream" if document.get("stream") is True else "application/json"
    request = PreparedRequest(
        method=original.method,
        url=url_join(endpoint.base_url, catalog.api(provider.api).path),
        headers=headers_build(endpoint, accept=accept),
        body=original.body.encode(),
    )
    secrets = capture.Secrets.of(endpoint)
    exchange = _exchange_keep(
        original, run, provider, capture.sent(request, secrets), Sending(request, repeat.process, key)
    )
    answers = _answers_expect(exchange, conversation, count=_choices(document))
    conversation_touch(conversation=conversation, first_text="")
    opened = OpenedExchange(exchange.pk, request, secrets, tuple(answer.pk for answer in answers))
    return OpenedRun(run, (opened,), tuple(answers))


def _exchange_keep(
    original: Exchange, run: Run, provider: Provider, sent: capture.SentRequest, sending: Sending
) -> Exchange:
    return Exchange.objects.create(
        run=run,
        column=original.column,
        parent=original.parent,
        provider=provider,
        key_id=sending.key,
        provider_name=provider.name,
        api=provider.api,
        model=original.model,
        method=sent.method,
        url=sent.url,
        headers=[list(header) for header in sent.headers],
        body=storable.text(sent.body),
        process=sending.process,
        beat=timezone.now(),
    )


def _answers_expect(exchange: Exchange, conversation: Conversation, *, count: int) -> list[Message]:
    """Make the empty answers beside the first one; the column goes on from the first of them."""
    answers = Message.objects.bulk_create(
        Message(
            conversation=conversation,
            parent=exchange.parent,
            role=Message.Role.ASSISTANT,
            exchange=exchange,
            choice=choice,
        )
        for choice in range(count)
    )
    if exchange.column is not None:
        exchange.column.leaf = answers[0]
        exchange.column.save(update_fields=["leaf"])
    return answers


def _document(body: str) -> dict[str, object]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _choices(document: dict[str, object]) -> int:
    n = document.get("n", 1)
    return n if isinstance(n, int) and not isinstance(n, bool) and 1 <= n <= MAX_CHOICES else 1
