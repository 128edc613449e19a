"""A count that hostile input cannot exceed."""

from upstream.wire.errors import StreamTooLong


class Budget:
    """How many choices and tool calls one response may still open; each costs about a kilobyte of memory."""

    __slots__ = ("_left", "_whole")

    def __init__(self, whole: int) -> None:
        self._whole = self._left = whole

    def spend(self) -> None:
        """Take one. Raises StreamTooLong when none is left."""
        if self._left <= 0:
            raise StreamTooLong(f"The response holds more than {self._whole:,} choices and tool calls.")
        self._left -= 1
