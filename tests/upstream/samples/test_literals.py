"""String literals of the languages that cannot be run here, read back by their published rules."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upstream.samples import apple, compiled
from upstream.samples.request import body_pieces

TEXT = st.text(st.sampled_from("a\"'\\$(){}?%u#@\n\r\t\x00\x1b\x7f\u2028\u202e\ufeffé中😀")) | st.text(
    st.characters(exclude_categories=["Cs"])
)


def braces_read(literal: str) -> str:
    """Read what Swift and Dart share: `\\n`, `\\u{…}` and a backslash before what would mean something."""
    inner = literal[1:-1]
    assert not re.search(rf"(?<!\\)(?:\\\\)*{literal[0]}", inner)
    found = {"n": "\n", "r": "\r", "t": "\t"}

    def plain(match: re.Match[str]) -> str:
        return chr(int(match[1], 16)) if match[1] else found.get(match[2], match[2])

    return re.sub(r"\\(?:u\{([0-9a-f]+)\}|(.))", plain, inner, flags=re.DOTALL)


def objc_read(literal: str) -> str:
    """Read Objective-C: octal for control characters, `\\uHHHH` for others, and no trigraph."""
    assert "??" not in literal
    inner = literal[2:-1]
    found = {"n": "\n", "r": "\r", "t": "\t"}

    def plain(match: re.Match[str]) -> str:
        if match[1] or match[2]:
            return chr(int(match[1], 16) if match[1] else int(match[2], 8))
        return found.get(match[3], match[3])

    text = re.sub(r"\\(?:u([0-9a-f]{4})|([0-7]{3})|(.))", plain, inner, flags=re.DOTALL)
    return text.encode("utf-16", "surrogatepass").decode("utf-16")


@pytest.mark.parametrize(
    ("write", "read"),
    [
        pytest.param(apple._swift, braces_read, id="Swift"),
        pytest.param(compiled._dart, braces_read, id="Dart"),
        pytest.param(apple._objc, objc_read, id="Objective-C"),
    ],
)
@given(text=TEXT)
def test_a_literal_says_the_text(write: Callable[[str], str], read: Callable[[str], str], text: str) -> None:
    literal = write(text)
    assert "\n" not in literal
    assert read(literal) == text


@given(text=TEXT)
def test_dart_and_swift_interpolate_nothing(text: str) -> None:
    assert not re.search(r"(?<!\\)(?:\\\\)*\$", compiled._dart(text))
    assert not re.search(r"(?<!\\)(?:\\\\)*\\\(", apple._swift(text))


@given(st.text(st.sampled_from('ab"\\{}[],:\n '), max_size=60) | st.text(max_size=60), st.integers(1, 20))
def test_pieces_of_a_body_are_the_body(body: str, longest: int) -> None:
    pieces = body_pieces(body, longest=longest)
    assert "".join(pieces) == body
    assert all(len(piece) <= longest for piece in pieces)
