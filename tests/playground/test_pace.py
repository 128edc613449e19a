"""Runs read at once until all of them together read more than one event loop carries."""

from playground.pace import CALM, CROWDED, SPAN, WINDOW, Pace


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def read(pace: Pace, clock: Clock, *, rate: float, seconds: float) -> list[float]:
    """Read so many times a second; return the pauses."""
    pauses = []
    for _ in range(round(rate * seconds)):
        clock.now += 1 / rate
        pauses.append(pace.pause())
    return pauses


def test_nothing_waits_while_the_process_keeps_up() -> None:
    clock = Clock()
    assert set(read(Pace(clock), clock, rate=CROWDED * 0.9, seconds=2)) == {0.0}


def test_a_crowd_waits_between_reads_until_it_is_gone() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert read(pace, clock, rate=CROWDED * 2, seconds=SPAN * 2)[-1] == WINDOW
    # Waiting makes them read less often: that alone does not let them read at once again.
    assert set(read(pace, clock, rate=CALM * 1.5, seconds=2)) == {WINDOW}
    assert read(pace, clock, rate=CALM * 0.5, seconds=SPAN * 2)[-1] == 0.0


def test_the_first_read_after_a_silence_waits_for_nothing() -> None:
    clock = Clock()
    pace = Pace(clock)
    read(pace, clock, rate=CROWDED * 2, seconds=SPAN * 2)
    clock.now += 60
    assert pace.pause() == 0.0
