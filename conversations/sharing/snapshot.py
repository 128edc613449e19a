"""The frozen document behind a link: made once, never holding what its owner leaves out.

Version 1 of the document:

* `version` 1, `title`, `author` (the owner's name or ""), `made` (ISO time), `included` (`Included.to_json()`)
* `messages`: `role`, `parts`, `reasoning`, `tool_calls`, `tool_call_id`, `name`, `author`, `created`, `as_parts`, `extra`;
  answers also have `finish_reason` and `answer`
* `columns`: 1–8 of `model`, `system`, `parameters` (name → JSON source text) and `branch`, the indexes into `messages`

`answer` is what its exchange says about a message: `state`, `model`, `timing`, `tokens_in`, `tokens_out`, `error`, and
`exchange`, None or `number`, `status`, `events` of what is kept of it. A part is one of
`{"type": "text" | "refusal", "text"}`, `{"type": "left_out", "kind"}`, `{"type": "other", "part"}` and
`{"type": "file", "kind", "digest", "mime", "size", "width", "height", "name", "part"}`; `part` is the part as it was kept.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from conversations import parts
from conversations.sharing.exchange import error_document, exchange_document
from conversations.sharing.included import Included
from conversations.sharing.leaks import Hidden, strings_in
from conversations.sharing.request_body import (
    DATA_URL,
    SYSTEM_MEMBERS,
    TEXT_PARTS,
    UnknownShape,
    is_system,
    members_of,
    messages_of,
)
from conversations.sharing.source import Branch, BranchExchange, BranchImage, BranchMessage
from upstream.catalog import json_text

VERSION: Final = 1
MAX_COLUMNS: Final = 8
FIGURES: Final = ("first_token", "last_token", "first_reasoning", "first_content", "ended")
"""Times that the line of figures under an answer is made of."""
LIVE: Final = ("queued", "streaming")


@dataclass(frozen=True, slots=True)
class SnapshotSource:
    """Everything that could be shared: the branches of 1–8 columns, and what their messages name by key."""

    title: str
    branches: tuple[Branch, ...]
    author: str = ""
    exchanges: Mapping[str, BranchExchange] = field(default_factory=dict)
    images: Mapping[str, BranchImage] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A document, the documents of its exchanges by number, and the digests of the attachments it shows.

    `unfinished`: an answer still on its way was left out. `quoting`: numbers, from 1, of messages whose own words repeat
    something that is left out; what people and models said is never changed.
    """

    document: Mapping[str, Any]
    exchanges: tuple[Mapping[str, Any], ...]
    digests: tuple[str, ...]
    unfinished: bool = False
    quoting: tuple[int, ...] = ()


def snapshot_make(source: SnapshotSource, included: Included, *, made: str) -> Snapshot:
    """Return what a reader gets. Nothing that is not `included` is in it, in any form.

    An answer that is still on its way ends its branch before it.
    """
    branches = [_shown(branch, source.exchanges, included) for branch in source.branches[:MAX_COLUMNS]]
    messages = {message.key: message for branch in branches for message in branch}
    numbers = {key: number for number, key in enumerate(messages)}
    hidden = Hidden(_hidden(source, included), shown="\n".join(_texts_shown(messages.values())))
    columns = [
        _column(branch, source.exchanges, included, hidden) for branch in source.branches[:MAX_COLUMNS]
    ]
    choices = _choices_shown(messages.values(), source) if included.raw else {}
    exchanges = {
        key: exchange_document(
            source.exchanges[key], included=included, choices=frozenset(shown), hidden=hidden
        )
        for key, shown in choices.items()
    }
    summaries = {key: _summary(number, exchange) for number, (key, exchange) in enumerate(exchanges.items())}
    digests: dict[str, None] = {}
    shaped = [_message(message, source, included, summaries, digests) for message in messages.values()]
    for message in shaped:
        error = message.get("answer", {}).get("error") or {}
        if hidden.is_in(error.get("message", "")):
            del error["message"]
    document = {
        "version": VERSION,
        "title": source.title,
        "author": source.author if included.author else "",
        "made": made,
        "included": included.to_json(),
        "messages": shaped,
        "columns": [
            {**column, "branch": [numbers[message.key] for message in branch]}
            for column, branch in zip(columns, branches, strict=True)
        ],
    }
    return Snapshot(
        document=document,
        exchanges=tuple(exchanges.values()),
        digests=tuple(digests),
        unfinished=any(exchange.state in LIVE for exchange in source.exchanges.values()),
        quoting=tuple(
            number
            for number, message in enumerate(messages.values(), start=1)
            if hidden.is_in("\n".join(_texts_shown([message])))
        ),
    )


def _shown(
    branch: Branch, exchanges: Mapping[str, BranchExchange], included: Included
) -> list[BranchMessage]:
    shown: list[BranchMessage] = []
    for message in branch.messages:
        exchange = exchanges.get(message.exchange)
        if exchange is not None and exchange.state in LIVE:
            break
        if included.system or not is_system({"role": message.role}):
            shown.append(message)
    return shown


def _choices_shown(messages: Iterable[BranchMessage], source: SnapshotSource) -> dict[str, set[int]]:
    """Return the exchanges that made these messages, in their order, with the choices that are among them."""
    choices: dict[str, set[int]] = {}
    for message in messages:
        if message.exchange in source.exchanges:
            choices.setdefault(message.exchange, set()).add(message.choice)
    return choices


def _summary(number: int, exchange: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a message says about the exchange behind it; `events` is None where the response is not shown."""
    events = exchange["response"]["events"]
    return {
        "number": number,
        "status": exchange["response"]["status"],
        "events": None if events is None else len(events),
    }


def _column(
    branch: Branch, exchanges: Mapping[str, BranchExchange], included: Included, hidden: Hidden
) -> dict[str, Any]:
    """Return a column's settings: as they were sent last, or as they are set where nothing was sent."""
    made = [exchanges[message.exchange] for message in branch.messages if message.exchange in exchanges]
    ended = [exchange for exchange in made if exchange.state not in LIVE]
    try:
        model, system, parameters = _as_sent(ended[-1], branch) if ended else _as_set(branch)
    except UnknownShape:
        model, system, parameters = _as_set(branch)
    kept = {
        name: text
        for name, text in parameters.items()
        if (included.images or not DATA_URL.search(text))
        and (included.system or name not in SYSTEM_MEMBERS)
        and not hidden.is_in(text)
    }
    return {
        "model": model,
        "system": system if included.system else "",
        "parameters": kept if included.parameters else {},
    }


def _as_set(branch: Branch) -> tuple[str, str, dict[str, str]]:
    return branch.model, branch.system, dict(branch.parameters)


def _as_sent(exchange: BranchExchange, branch: Branch) -> tuple[str, str, dict[str, str]]:
    """Return model, system prompt and parameters of a request. The prompt is the first message, unless the branch has it."""
    members = dict(members_of(exchange.body))
    first = next(iter(messages_of(exchange.body)), {})
    own = branch.messages[0].role if branch.messages else ""
    system = first.get("content") if first.get("role") == "system" and not is_system({"role": own}) else ""
    parameters = {name: text for name, text in members.items() if name not in ("model", "messages")}
    return exchange.model, system if isinstance(system, str) else "", parameters


def _message(
    message: BranchMessage,
    source: SnapshotSource,
    included: Included,
    summaries: Mapping[str, Mapping[str, Any]],
    digests: dict[str, None],
) -> dict[str, Any]:
    shaped: dict[str, Any] = {
        "role": message.role,
        "parts": [_part(part, source, included, digests) for part in message.content],
        "reasoning": message.reasoning,
        "tool_calls": list(message.tool_calls),
        "tool_call_id": message.tool_call_id,
        "name": message.name,
        "author": message.author if included.author else "",
        "created": message.created,
        "as_parts": message.as_parts,
        "extra": dict(message.extra) if included.images else {},
    }
    exchange = source.exchanges.get(message.exchange)
    if message.role == "assistant":
        shaped["finish_reason"] = message.finish_reason
    if exchange is not None:
        shaped["answer"] = {
            "state": exchange.state,
            "model": exchange.model,
            "timing": {name: at for name, at in exchange.timing.items() if name in FIGURES},
            "tokens_in": exchange.tokens_in,
            "tokens_out": exchange.tokens_out,
            "error": error_document(exchange.error, included=included),
            "exchange": summaries.get(message.exchange),
        }
    return shaped


def _part(
    part: Mapping[str, Any], source: SnapshotSource, included: Included, digests: dict[str, None]
) -> dict[str, Any]:
    kind = str(part.get("type") or "")
    if kind in TEXT_PARTS:
        return {"type": kind, "text": str(part.get(kind) or "")}
    if not included.images:
        return {"type": "left_out", "kind": kind}
    digest = parts.digest_of(part)
    image = source.images.get(digest)
    if image is None:
        return {"type": "other", "part": part}
    digests[digest] = None
    return {
        "type": "file",
        "kind": kind,
        "digest": digest,
        "mime": image.mime,
        "size": image.size,
        "width": image.width,
        "height": image.height,
        "name": image.name,
        "part": part,
    }


def _hidden(source: SnapshotSource, included: Included) -> Iterator[str]:
    """Yield every text that no form may give away."""
    if not included.system:
        yield from (branch.system for branch in source.branches)
        yield from (
            text
            for branch in source.branches
            for message in branch.messages
            if is_system({"role": message.role})
            for text in strings_in(list(message.content))
        )
    if not included.author:
        yield source.author
        yield from (message.author for branch in source.branches for message in branch.messages)
    for exchange in source.exchanges.values():
        yield from _hidden_in(exchange, included)
    if not included.parameters:
        for branch in source.branches:
            for text in branch.parameters.values():
                yield from _strings_of(text)


def _hidden_in(exchange: BranchExchange, included: Included) -> Iterator[str]:
    try:
        members = dict(members_of(exchange.body))
        messages: Sequence[Mapping[str, Any]] = messages_of(exchange.body)
    except UnknownShape:
        return  # such a body is not shown where anything is left out
    if not included.system:
        for message in filter(is_system, messages):
            yield from strings_in(message.get("content"))
        for name in SYSTEM_MEMBERS & set(members):
            yield from _strings_of(members[name])
    if not included.parameters:
        for name, text in members.items():
            if name not in ("model", "messages"):
                yield from _strings_of(text)


def _strings_of(source: str) -> Iterator[str]:
    try:
        yield from strings_in(json_text.parse(source))
    except json_text.InvalidJsonText:
        yield source


def _texts_shown(messages: Iterable[BranchMessage]) -> Iterator[str]:
    for message in messages:
        yield message.reasoning
        for part in message.content:
            if part.get("type") in TEXT_PARTS:
                yield str(part.get(part["type"]) or "")
        yield from strings_in(list(message.tool_calls))
