"""What one request is compared with, and what differs."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _

from conversations import selectors
from conversations.models import Exchange
from playground.body_images import images_folded
from playground.inspector_models import DiffView, OtherExchange
from playground.json_diff import Diff, diff
from playground.json_values import Members, NotJson, value_read
from playground.views.inspector_tabs import pairs
from team.models import User

DIFF_MOST: Final = 2_000_000
"""Characters of a body, its images folded, that is compared as JSON."""
_ID: Final = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_IDS: Final = re.compile(_ID)
_LINKED: Final = re.compile(rf"exchange=({_ID})")


def diff_view(user: User, exchange: Exchange, wanted: str) -> tuple[DiffView, UUID | None]:
    """Return what an exchange may be compared with, and the id of what it is compared with.

    `wanted` is an id, or a link that holds one; "" is the column's exchange before it.
    """
    before = selectors.exchange_before(exchange=exchange)
    beside = selectors.exchanges_beside(exchange=exchange)
    elsewhere = selectors.exchanges_elsewhere(user=user, exchange=exchange)
    pk = id_in(wanted) if wanted.strip() else before
    other = next((each for each in (*beside, *elsewhere) if each.pk == pk), None)
    if other is None and pk is not None:
        other = selectors.exchange_named(user=user, pk=pk)
    here = exchange.run.conversation_id
    rows = _rows([*elsewhere, *([other] if other and other not in (*beside, *elsewhere) else [])], here)
    view = DiffView(
        others=_rows(beside, here),
        other=_rows([other], here)[0] if other else None,
        previous=other is not None and other.pk == before,
        head=Diff(()),
        body=Diff(()),
        elsewhere=rows,
        unknown=wanted.strip() if other is None else "",
    )
    return view, other.pk if other else None


def id_in(text: str) -> UUID | None:
    """Return the id of the exchange that a text is, or links to: the one that is called so, else the last one in it."""
    linked, ids = _LINKED.search(text), _IDS.findall(text)
    return UUID(linked[1]) if linked else UUID(ids[-1]) if ids else None


def _rows(exchanges: Sequence[Exchange], here: UUID) -> tuple[OtherExchange, ...]:
    return tuple(_other(exchange, here) for exchange in exchanges)


def _other(exchange: Exchange, here: UUID) -> OtherExchange:
    column = exchange.column
    conversation = exchange.run.conversation
    return OtherExchange(
        id=exchange.pk,
        created=exchange.created,
        model=exchange.model,
        column=None if column is None else column.position + 1,
        state=exchange.state,
        elsewhere="" if conversation.pk == here else conversation.title or _("Without a title"),
    )


def compared(view: DiffView, old: Exchange, new: Exchange) -> DiffView:
    """Return the view with what changed from one request to the other."""
    body = _body_diff(images_folded(old.body), images_folded(new.body))
    return replace(view, head=diff(_head(old), _head(new)), body=body)


def _head(exchange: Exchange) -> Members:
    line = Members([("method", exchange.method), ("url", exchange.url)])
    # How long a body is follows from the body.
    return Members(
        [*line, *(pair for pair in pairs(exchange.headers) if pair[0].lower() != "content-length")]
    )


def _body_diff(old: str, new: str) -> Diff:
    """Compare two bodies as JSON; what is none, or is too large, as texts."""
    values: list[Any] = [old, new]
    if max(len(old), len(new)) <= DIFF_MOST:
        try:
            values = [value_read(old), value_read(new)]
        except NotJson:
            values = [old, new]
    return diff(*values)
