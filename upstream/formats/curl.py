"""A pasted cURL command, read as the shell it was copied for would read it. Nothing is run and no file is opened."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from upstream.formats.errors import FormatError
from upstream.formats.powershell import powershell_words

_POWERSHELL: Final = re.compile(r"`[ \t]*(?:\n|$)|(?:\A|[\s&])curl\.exe\b(?![^\n]*\^)|@['\"]\n")
"""A backtick at the end of a line, `curl.exe` (PowerShell's `curl` is another program), a here-string."""
_HEREDOC: Final = re.compile(r"<<-?[ \t]*(['\"]?)(\w+)\1")
_ANSI: Final = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "E": "\x1b",
    "f": "\f",
    "v": "\v",
}
_ENDS: Final = re.compile(r"&&|\|\|?|;|&|[12]?>{1,2}|<(?!<)|\n")
"""What ends a command or leads its output elsewhere."""

DATA: Final = ("-d", "--data", "--data-ascii", "--data-binary", "--data-raw", "--json")
VALUES: Final = frozenset(
    {
        *DATA,
        "-H", "--header", "-X", "--request", "-u", "--user", "-b", "--cookie", "-A", "--user-agent", "-e", "--referer",
        "--url", "--oauth2-bearer", "-o", "--output", "-m", "--max-time", "--connect-timeout", "-x", "--proxy", "-w",
        "--write-out", "--retry", "--retry-delay", "--retry-max-time", "-c", "--cookie-jar", "--cacert", "--capath", "-E",
        "--cert", "--key", "--cert-type", "--key-type", "--pass", "--ciphers", "--resolve", "--interface", "-y", "-Y",
        "--limit-rate", "--max-redirs", "--proto", "--proto-redir", "--tls-max", "--aws-sigv4", "-D", "--dump-header",
        "--trace", "--trace-ascii", "--stderr", "-C", "--continue-at", "-r", "--range", "-z", "--time-cond", "--dns-servers",
        "--connect-to", "--unix-socket", "--noproxy", "--proxy-user", "-U", "--keepalive-time", "--max-filesize",
    }
)  # fmt: skip
"""Options that take a value."""
REFUSED: Final = frozenset(
    {
        "-F",
        "--form",
        "--form-string",
        "--data-urlencode",
        "-T",
        "--upload-file",
        "-G",
        "--get",
        "-K",
        "--config",
        "-:",
        "--next",
    }
)


@dataclass(slots=True)
class CurlCommand:
    """What a command would send. `user` is what `-u` was given."""

    url: str = ""
    method: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""
    user: str = ""


def curl_read(text: str) -> CurlCommand:
    """Return what a pasted command sends.

    Raises FormatError: "curl" where it is no command that can be read (`where` says which piece), "file" where it
    reads a file, "option" where an option cannot be taken over.
    """
    text, here = _without_heredoc(text.strip().replace("\r\n", "\n"))
    words = list(_words(text))
    if words[:1] == ["$"]:
        words = words[1:]
    if not words or words[0].rsplit("/", 1)[-1].removesuffix(".exe") != "curl":
        raise FormatError("curl", words[0][:40] if words else "")
    command = CurlCommand()
    data: list[str] = []
    for option, value in _options(words[1:]):
        _take(command, data, option, value, here)
    if not command.url:
        raise FormatError("curl", "URL")
    command.body = "&".join(data)
    command.method = command.method or ("POST" if data else "GET")
    return command


def _words(text: str) -> Iterator[str]:
    """Return the words as the shell splits them whose mark stands at the end of a line, or before a quote."""
    if re.search(r"\^[\"\n]", text):
        return _cmd_words(text)
    if _POWERSHELL.search(text):
        return powershell_words(text)
    return _bash_words(text)


_HEADERS: Final = {
    "-A": "User-Agent: {}", "--user-agent": "User-Agent: {}", "-e": "Referer: {}", "--referer": "Referer: {}",
    "-b": "Cookie: {}", "--cookie": "Cookie: {}", "--oauth2-bearer": "Authorization: Bearer {}",
    "-H": "{}", "--header": "{}",
}  # fmt: skip
"""Options that are headers under another name."""


def _take(command: CurlCommand, data: list[str], option: str, value: str, here: str) -> None:
    """Do what one option says; one that does not change the request changes nothing."""
    if option in ("", "--url"):
        command.url = command.url or (value if "://" in value else f"https://{value}")
    elif option in ("-X", "--request"):
        command.method = value.upper()
    elif option in _HEADERS:
        name, colon, rest = _HEADERS[option].format(value).partition(":")
        if colon and rest.strip():
            command.headers.append((name.strip(), rest.strip()))
    elif option in ("-u", "--user"):
        command.user = value
        basic = base64.b64encode(value.encode()).decode()
        command.headers.append(("Authorization", f"Basic {basic}"))
    elif option == "--data-raw":
        data.append(value)
    elif option in DATA:
        data.append(_data(option, value, here))
        if option == "--json":
            command.headers += [("Content-Type", "application/json"), ("Accept", "application/json")]


def _data(option: str, value: str, here: str) -> str:
    if value == "@-" and here:
        return here if option in ("--data-binary", "--json") else here.replace("\n", "")
    if value.startswith("@"):
        raise FormatError("file", value[1:])
    return value


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """Yield (option, value); ("", address) for what is no option."""
    left = iter(words)
    for word in left:
        if word in REFUSED:
            raise FormatError("option", word)
        if word.startswith("--"):
            yield word, next(left, "") if word in VALUES else ""
        elif word.startswith("-") and len(word) > 1:
            yield from _short_options(word, left)
        else:
            yield "", word


def _short_options(word: str, left: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Take apart what stands behind one dash: `-sSXPOST` is -s, -S and -X with POST."""
    for at in range(1, len(word)):
        option = f"-{word[at]}"
        if option in REFUSED:
            raise FormatError("option", option)
        if option in VALUES:
            yield option, word[at + 1 :] or next(left, "")
            return
        yield option, ""


def _without_heredoc(text: str) -> tuple[str, str]:
    """Return the command without its here-document, and the document."""
    found = _HEREDOC.search(text)
    begin = text.find("\n", found.end()) if found else -1
    if not found or begin < 0:
        return text, ""
    last = re.compile(rf"^[ \t]*{found[2]}[ \t]*$", re.MULTILINE).search(text, begin + 1)
    if not last:
        return text, ""
    rest = text[found.end() : begin] + text[last.end() :]
    return text[: found.start()] + rest, text[begin + 1 : max(last.start() - 1, begin + 1)]


_PLAIN: Final = re.compile(r"[^\s'\"\\$#;&|<>0-9]+|.", re.DOTALL)
_IN_DOUBLE: Final = re.compile(r'[^"\\]+')
_IN_ANSI: Final = re.compile(r"[^'\\]+")
_ESCAPED: Final = re.compile(
    r"x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})|(.)", re.DOTALL
)


def _bash_words(text: str) -> Iterator[str]:
    """Yield the words of the first command as bash, dash and zsh split it; variables stay as they are written."""
    at, end = 0, len(text)
    word: list[str] = []
    begun = False
    while at < end:
        c = text[at]
        begun_before, begun = begun, True
        if c == "'":
            stop = _index(text, "'", at + 1)
            word.append(text[at + 1 : stop])
            at = stop + 1
        elif text.startswith("$'", at):
            piece, at = _ansi(text, at + 2)
            word.append(piece)
        elif c == '"' or text.startswith('$"', at):
            piece, at = _double(text, at + (1 if c == '"' else 2))
            word.append(piece)
        elif c == "\\":
            joined = text[at + 1 : at + 2] == "\n"
            word += [] if joined else [text[at + 1 : at + 2]]
            begun = begun_before or not joined
            at += 2
        elif c in " \t\r" or (c == "#" and not begun_before) or _ENDS.match(text, at):
            if begun_before:
                yield "".join(word)
            word, begun = [], False
            if c not in " \t\r":
                return
            at += 1
        else:
            plain = _PLAIN.match(text, at)
            word.append(plain[0] if plain else c)
            at = plain.end() if plain else at + 1
    if begun:
        yield "".join(word)


def _double(text: str, at: int) -> tuple[str, int]:
    """Return what double quotes hold, and the place behind them."""
    pieces: list[str] = []
    while at < len(text):
        if text[at] == '"':
            return "".join(pieces), at + 1
        run = _IN_DOUBLE.match(text, at)
        if run:
            pieces.append(run[0])
            at = run.end()
            continue
        following = text[at + 1 : at + 2]
        special = following in ("$", "`", '"', "\\", "\n")
        pieces.append(("" if following == "\n" else following) if special else "\\")
        at += 2 if special else 1
    raise FormatError("curl", '"')


def _ansi(text: str, at: int) -> tuple[str, int]:
    """Return what `$'…'` holds, and the place behind it; `\\xhh` and octal are bytes of UTF-8, as bash has it."""
    data = bytearray()
    while at < len(text):
        if text[at] == "'":
            return _joined(bytes(data)), at + 1
        run = _IN_ANSI.match(text, at)
        if run:
            data += run[0].encode("utf-8", "surrogatepass")
            at = run.end()
            continue
        found = _ESCAPED.match(text, at + 1)
        if not found:
            break
        byte, short, long, octal, other = found.groups()
        if byte or octal:
            data.append(int(byte, 16) if byte else int(octal, 8) & 0xFF)
        elif short or long:
            data += _character(int(short or long, 16))
        else:
            data += _ANSI.get(other, other if other in "\\'\"?" else "\\" + other).encode(
                "utf-8", "surrogatepass"
            )
        at = found.end()
    raise FormatError("curl", "'")


def _character(number: int) -> bytes:
    if number > 0x10FFFF:
        raise FormatError("curl", f"\\U{number:x}")
    return chr(number).encode("utf-8", "surrogatepass")


def _joined(data: bytes) -> str:
    """Return the text, with characters that were written as two halves (`\\ud83d\\ude00`) whole."""
    try:
        text = data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _index(text: str, quote: str, at: int) -> int:
    found = text.find(quote, at)
    if found < 0:
        raise FormatError("curl", quote)
    return found


_CMD_PIECE: Final = re.compile(r'(\\*)"("?)|([ \t\n]+)|[^"\\ \t\n]+|\\+')


def _cmd_words(text: str) -> Iterator[str]:
    """Yield the words as Windows' cmd and C runtime split them: `^` takes the meaning from what follows it."""
    text = re.sub(r"\^\n(\n?)", r"\1", text)
    text = re.sub(r"\^(.)", r"\1", text, flags=re.DOTALL)
    word: list[str] = []
    begun = quoted = False
    at = 0
    while piece := _CMD_PIECE.match(text, at):
        at = piece.end()
        if piece[3] and not quoted:
            if begun:
                yield "".join(word)
            word, begun = [], False
            continue
        begun = True
        if piece[1] is None:
            word.append(piece[0])
            continue
        # An odd backslash makes the quote a character; a doubled quote within quotes is one, too.
        word.append("\\" * (len(piece[1]) // 2))
        if len(piece[1]) % 2 or (quoted and piece[2]):
            word.append('"')
            at -= len(piece[2]) if len(piece[1]) % 2 else 0
        else:
            quoted = not quoted
            at -= len(piece[2])
    if quoted:
        raise FormatError("curl", '"')
    if begun:
        yield "".join(word)
