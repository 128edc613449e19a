"""What the pages about tools are given: plain values for `templates/playground/tools/`."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from conversations.models import Message, ToolLoop, ToolMock
from conversations.tool_calls import Call, calls_of
from conversations.tool_matching import mock_for


@dataclass(frozen=True, slots=True)
class MockView:
    """A saved result that may be picked for a call; `summary` says which arguments it is for."""

    id: UUID
    summary: str
    result: str


@dataclass(frozen=True, slots=True)
class ResultBox:
    """One call and what is to be answered. `picked` is the saved result that matches it."""

    call: Call
    mocks: tuple[MockView, ...]
    picked: UUID | None
    result: str


@dataclass(frozen=True, slots=True)
class LoopView:
    """Where the tool loop of a column stands, in a sentence; `busy` while it answers by itself."""

    on: bool
    most: int
    steps: int
    state: str
    sentence: str

    @property
    def busy(self) -> bool:
        return self.state == ToolLoop.State.ANSWERING


@dataclass(frozen=True, slots=True)
class ResultsView:
    """The calls of an answer that nothing follows yet. `column` is None where the exchange has no column any more."""

    message: UUID
    exchange: UUID
    conversation: UUID
    column: int | None
    boxes: tuple[ResultBox, ...]
    loop: LoopView


def results_view(
    *, answer: Message, exchange: UUID, mocks: Sequence[ToolMock], loop: ToolLoop
) -> ResultsView:
    """Return the calls of an answer with their boxes, each with the result that matches it best."""
    return ResultsView(
        message=answer.pk,
        exchange=exchange,
        conversation=answer.conversation_id,
        column=loop.column_id,
        boxes=tuple(_box(call, mocks) for call in calls_of(answer)),
        loop=loop_view(loop),
    )


def _box(call: Call, mocks: Sequence[ToolMock]) -> ResultBox:
    picked = mock_for(call, mocks)
    offered = tuple(
        MockView(mock.pk, mock_summary(mock), mock.result) for mock in mocks if mock.name == call.name
    )
    return ResultBox(call, offered, picked.pk if picked else None, picked.result if picked else "")


def mock_summary(mock: ToolMock) -> str:
    """Return in few words which calls a saved result is for."""
    label = ToolMock.Match(mock.match).label
    arguments = " ".join(mock.arguments.split())
    if mock.match == ToolMock.Match.ANY or not arguments:
        return str(label)
    return f"{label}: {arguments[:60]}{'…' if len(arguments) > 60 else ''}"


def loop_view(loop: ToolLoop) -> LoopView:
    """Return where a loop stands."""
    return LoopView(loop.on, loop.most, loop.steps, loop.state, loop_sentence(loop) if loop.on else "")


def loop_sentence(loop: ToolLoop) -> str:
    """Return where a loop stands in a sentence; "" while it has nothing to say."""
    values = {"steps": loop.steps, "most": loop.most, "names": loop.detail}
    match loop.state:
        case ToolLoop.State.ANSWERING:
            return _("Auto-mock answers: step %(steps)d of %(most)d.") % values
        case ToolLoop.State.WAITING:
            return _("Auto-mock waits for you: no saved result matches %(names)s.") % values
        case ToolLoop.State.DONE:
            return ngettext(
                "Auto-mock is done after %(steps)d step.",
                "Auto-mock is done after %(steps)d steps.",
                loop.steps,
            ) % {"steps": loop.steps}
        case ToolLoop.State.LIMIT:
            return _("Auto-mock stopped at its limit of %(most)d steps. Send the results to go on.") % values
        case ToolLoop.State.STOPPED:
            return _("Auto-mock was stopped. Send the results to go on.")
        case ToolLoop.State.FAILED:
            if loop.detail:
                return _("Auto-mock could not go on: %(names)s") % values
            return _("Auto-mock could not go on.")
    return ""
