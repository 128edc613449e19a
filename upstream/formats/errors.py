"""What a text that is to be imported can be refused for."""

from typing import Final, Literal

Code = Literal[
    "empty", "not_json", "too_deep", "not_unicode", "too_large", "unknown", "archive", "version", "field", "curl",
    "file", "option", "no_request", "too_many",
]  # fmt: skip

MAX_DEPTH: Final = 200
MAX_MESSAGES: Final = 100_000
"""Messages in one import; counted before anything is made of them, because that takes time."""


class FormatError(ValueError):
    """The text cannot be imported. `code` says why; `where` is the place, the option or the file it is about, or ""."""

    def __init__(self, code: Code, where: str = "") -> None:
        super().__init__(f"{code}: {where}" if where else code)
        self.code: Code = code
        self.where = where


def messages_counted(count: int) -> int:
    """Return a number of messages. Raises FormatError ("too_many") past MAX_MESSAGES."""
    if count > MAX_MESSAGES:
        raise FormatError("too_many", str(MAX_MESSAGES))
    return count
