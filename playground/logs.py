"""Log lines that never show a secret, whoever writes them."""

import logging
import re
from typing import Final

MASK: Final = "••••"
_SECRETS: Final = re.compile(
    r"""(?ix)
    (?P<before>
        \b(?:proxy-)?authorization["']?\s*[:=]\s*["']?(?:\w+\s+)?   # a header, with its scheme
      | \bbearer\s+
      | \b(?:api[-_]?key|x-api-key|access[-_]token|token|secret|password|passwd|key)["']?\s*[:=]\s*["']?
      | ://[^/\s:@]*:(?=[^/\s@]+@)                                  # the password in a URL
    )
    (?P<secret>[^\s"'&,;<>@)\]}]{8,})
  | (?P<bare>\bsk-[A-Za-z0-9_-]{8,})
    """
)


def _mask(match: re.Match[str]) -> str:
    return f"{match['before'] or ''}{MASK}"


class MaskingFormatter(logging.Formatter):
    """Formats like the standard library's formatter, then masks what looks like a key, tracebacks included.

    The second line of defence: values are masked in `upstream.wire.capture` before anything is kept; this one catches
    what a library or an exception text lets slip.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return _SECRETS.sub(_mask, super().format(record))
