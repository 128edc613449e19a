"""String literals: what a language's compiler reads back as exactly the given text.

Control and format characters (U+2028, bidi marks …) are always escaped, so that neither an editor nor a clipboard
changes them unseen.
"""

import re
import unicodedata
from collections.abc import Callable

from upstream.samples.request import SampleText

_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp"})


def is_unseen(character: str) -> bool:
    """Whether a character has no shape of its own and would be lost or misread in source code."""
    return unicodedata.category(character) in _UNSEEN


def quoted(text: str, quote: str, special: str, other: Callable[[str], str]) -> str:
    """Return `text` between `quote`s: these and `special` behind a backslash, unseen characters as `other` says."""
    marked = {"\\", quote, *special}
    plain = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    written = ("\\" + c if c in marked else plain.get(c) or (other(c) if is_unseen(c) else c) for c in text)
    return quote + "".join(written) + quote


def utf16_units(character: str) -> str:
    r"""Return `\uHHHH` for each UTF-16 unit, as JavaScript and C# read it."""
    data = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{data[at]:02x}{data[at + 1]:02x}" for at in range(0, len(data), 2))


def braces(character: str) -> str:
    r"""Return `\u{X}`, as Swift, Dart, PHP, Ruby and OCaml read it."""
    return f"\\u{{{ord(character):x}}}"


def code_point(character: str) -> str:
    r"""Return `\uHHHH` or `\UHHHHHHHH`, as Python, Go and R read it."""
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def octal_bytes(character: str) -> str:
    """Return each UTF-8 byte as three octal digits, as C reads it."""
    return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogatepass"))


def octal_or_units(character: str) -> str:
    r"""Return a control character in octal, any other as UTF-16 units: Java reads `\u000a` as the end of the line."""
    return f"\\{ord(character):03o}" if character < "\x80" else utf16_units(character)


def concatenated(value: SampleText, literal: Callable[[str], str], variable: str, plus: str = " + ") -> str:
    """Return an expression for a text with a secret: `variable` (with `{}` for its name) between literals."""
    if not value.variable:
        return literal(value.before)
    parts = [literal(value.before)] if value.before else []
    parts.append(variable.format(value.variable))
    parts += [literal(value.after)] if value.after else []
    return plus.join(parts)


def without_trigraphs(literal: str) -> str:
    """Return a C literal in which no question mark follows another one: `??=` would be read as `#`."""
    return re.sub(r"(?<=\?)\?", r"\\?", literal)
