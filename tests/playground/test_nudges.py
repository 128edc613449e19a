"""Nudges from any thread, also from one that outlives the event loop."""

import asyncio
from types import SimpleNamespace

import pytest

from playground import runtime
from playground.nudges import Nudge, Nudges


def test_what_happens_after_the_loop_has_ended_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    async def made() -> Nudges:
        nudges = Nudges()
        assert nudges.is_served
        return nudges

    nudges = asyncio.run(made())
    assert not nudges.is_served
    monkeypatch.setattr(runtime, "_current", SimpleNamespace(nudges=nudges))
    runtime.nudge_send(1, Nudge("signed_out"))
