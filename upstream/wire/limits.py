"""How large a response may become before we stop reading it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds in bytes, except ``parts``.

    ``total``  whole response; 128 MB holds a 300,000-token answer at 400 bytes an event
    ``event``  one event, one line or one plain body; a 10 MB event has been seen (images as base64)
    ``parts``  choices plus tool calls in one response; 128 choices is the most any API offers
    """

    total: int = 128 * 1024 * 1024
    event: int = 32 * 1024 * 1024
    parts: int = 4096


DEFAULT_LIMITS = Limits()
