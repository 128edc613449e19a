"""Why something that was pasted could not be made into tools."""

from typing import Final

TEXT_MAX: Final = 400_000
"""Characters of a pasted text. The largest OpenAPI documents people paste are a few hundred kilobytes."""
TOOLS_MAX: Final = 128
"""Tools that a request may hold, as documented."""


class NotTools(ValueError):
    """Nothing could be made of the text.

    `code`: "empty", "too_long", "not_json", "not_yaml", "not_python", "no_tools", "no_function", "no_operation",
    "too_many", "too_deep". `detail` is the parser's own word; `line` counts from 1, 0 where unknown.
    """

    def __init__(self, code: str, detail: str = "", line: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.line = line


def text_check(text: str) -> None:
    """Raise NotTools for a text that is empty or too long."""
    if not text.strip():
        raise NotTools("empty")
    if len(text) > TEXT_MAX:
        raise NotTools("too_long")
