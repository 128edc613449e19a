"""What a text that is to be imported can be refused for."""

from typing import Final, Literal

Code = Literal[
    "empty", "not_json", "too_deep", "not_unicode", "too_large", "unknown", "archive", "version", "field", "curl",
    "file", "option", "no_request", "too_many",
]  # fmt: skip

MAX_DEPTH: Final = 200


class FormatError(ValueError):
    """The text cannot be imported. `code` says why; `where` is the place, the option or the file it is about, or ""."""

    def __init__(self, code: Code, where: str = "") -> None:
        super().__init__(f"{code}: {where}" if where else code)
        self.code: Code = code
        self.where = where
