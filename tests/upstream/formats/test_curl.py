"""Pasted cURL commands, as shells, browsers and reference pages write them."""

import json
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upstream.formats.curl import curl_read
from upstream.formats.errors import FormatError
from upstream.formats.reading import read_any
from upstream.samples import LANGUAGES, sample_request

BODY = '{"model":"m","messages":[{"role":"user","content":"it\'s \\"so\\""}],"temperature":0.70}'


@pytest.mark.parametrize(
    ("command", "body"),
    [
        ("curl https://h/v1 -d '{\"a\": 1}'", '{"a": 1}'),
        ('curl https://h/v1 -d "{\\"a\\": \\"\\$5 \\`x\\`\\"}"', '{"a": "$5 `x`"}'),
        ('curl https://h/v1 \\\n  --data-raw $\'{"a":"it\\\'s \\u4e2d \\x41\\n"}\'', '{"a":"it\'s 中 A\n"}'),
        ("curl 'https://h/v1' --data-raw '{\"a\":'\\''x'\\''}'", "{\"a\":'x'}"),
        ("curl -sSXPOST https://h/v1 -d@- <<'EOF'\n{\"a\":\n1}\nEOF\n", '{"a":1}'),
        ('curl https://h/v1 --data-binary @- << EOF\n{"a":\n1}\nEOF', '{"a":\n1}'),
        ("curl https://h/v1 --json '{}' | jq .", "{}"),
        ("curl https://h/v1 -d a=1 -d b=2 && rm -rf /", "a=1&b=2"),
        ("$ curl https://h/v1 --compressed -H 'A: b' --data-raw '@x'", "@x"),
        ("curl https://h/v1 --data-raw $'\\ud83d\\ude00'", "😀"),
        (
            'curl ^"https://h/v1^" ^\n  -H ^"A: b^" ^\n  --data-raw ^"^{^\\^"a^\\^":^\\^"50^%^\\^"^}^"',
            '{"a":"50%"}',
        ),
        ('curl.exe "https://h/v1" ^\r\n -d "{\\"a\\": 1}"', '{"a": 1}'),
        ("curl https://h/v1 -d '{\"a\": 1}' # a comment", '{"a": 1}'),
        ("curl https://h/v1 --data-raw $'{\"a\":\\x22\\\\n\\x22}'", '{"a":"\\n"}'),
        ("curl -X POST https://h/v1 \\\r\n --json '{\"a\":1}'", '{"a":1}'),
        ('curl.exe https://h/v1 `\n -d \'{"a": "say \\"b\\""}\'', '{"a": "say \\"b\\""}'),
        ('curl.exe https://h/v1 `\n -d \'{\\"a\\": \\"say \\\\\\"b\\\\\\"\\"}\'', '{"a": "say \\"b\\""}'),
        # PowerShell: a backtick joins lines; `\\"` reaches the program as a quote, in single quotes, too.
        ('curl.exe "https://h/v1" `\r\n  -H "A: b" `\r\n  -d "{`"a`": `"it\'s`"}"', '{"a": "it\'s"}'),
        ("curl.exe 'https://h/v1' `\n -d '{\\\"a\\\": \\\"it''s\\\"}'", '{"a": "it\'s"}'),
        ("curl.exe https://h/v1 --data-raw @'\n{\"a\":\n1}\n'@ | ConvertFrom-Json", '{"a":\n1}'),
        ('curl https://h/v1 `\n--json \'{"a": "$x"}\' ; echo done', '{"a": "$x"}'),
    ],
)
def test_the_body_is_read_as_the_shell_would_have_passed_it(command: str, body: str) -> None:
    read = curl_read(command)
    assert read.body == body
    assert read.url.startswith("https://h/v1")
    assert read.method == "POST"


@pytest.mark.parametrize(
    ("command", "code", "where"),
    [
        ("curl https://h -d @request.json", "file", "request.json"),
        ("curl https://h --data-binary @-", "file", "-"),
        ("curl https://h --json @a b", "file", "a"),
        ("curl https://h -F file=@x", "option", "-F"),
        ("curl https://h -sG -d x", "option", "-G"),
        ("curl https://h -d 'x", "curl", "'"),
        ('curl https://h -d "x', "curl", '"'),
        ("curl https://h -d $'x", "curl", "'"),
        ("curl.exe https://h `\n -d 'x", "curl", "'"),
        ("curl.exe https://h `\n -d '@body.json'", "file", "body.json"),
        ("curl -d x", "curl", "URL"),
        ("wget https://h", "curl", "wget"),
    ],
)
def test_what_cannot_be_taken_over_is_said(command: str, code: str, where: str) -> None:
    with pytest.raises(FormatError) as refused:
        curl_read(command)
    assert (refused.value.code, refused.value.where) == (code, where)


def test_secrets_of_a_command_are_taken_out_and_named() -> None:
    command = (
        "curl 'https://user:hunter2hunter2@h/v1/chat/completions?key=AIzaSecretSecretSecret&x=1' -u me:passpasspass "
        "-H 'Authorization: Bearer sk-canary-0123456789abcdef' -H 'Cookie: session=abcdefghijklmnop' "
        "-H 'X-Custom: sk-proj-0123456789abcdefghij' -H 'X-Goog-Api-Key: abcdefghijklmnopqrst' "
        """-d '{"model":"m","messages":[{"role":"user","content":"my key is sk-canary-0123456789abcdef"}]}'"""
    )
    imported = read_any(command)
    assert set(imported.stripped) == {
        "user:password@", "user:password", "?key=", "Authorization", "Cookie", "X-Custom", "X-Goog-Api-Key"
    }  # fmt: skip
    assert "canary" not in str(imported)
    assert "hunter2" not in str(imported)


def test_our_own_sample_is_read_back_to_the_byte() -> None:
    request = sample_request(
        method="POST",
        url="https://h/v1/chat/completions",
        headers=[("Content-Type", "application/json"), ("Authorization", "Bearer ••••cdef")],
        body=BODY,
    )
    curl = next(language for language in LANGUAGES if language.id == "curl")
    assert curl_read(curl.write(request)).body == BODY
    (conversation,) = read_any(curl.write(request)).conversations
    assert conversation.columns[0].settings["parameters"] == {"temperature": "0.70"}
    assert [message.text for message in conversation.messages] == ['it\'s "so"']


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"), max_size=12),
        max_size=4,
    )
)
def test_any_text_in_single_quotes_is_read_back(texts: list[str]) -> None:
    quoted = " ".join("--data-raw '" + text.replace("'", "'\\''") + "'" for text in texts)
    assert curl_read(f"curl https://h {quoted}").body == "&".join(texts)


@given(st.text(max_size=80))
def test_no_text_breaks_the_reader(text: str) -> None:
    for command in (f"curl {text}", f"curl https://h -d {text}", f'curl ^" {text}', f"curl.exe ` {text}"):
        try:
            curl_read(command)
        except FormatError:
            continue  # refused in words; anything else fails this test


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
@given(st.text(st.sampled_from("ab'\"\\$ \t\né{}u41x"), max_size=16))
def test_ansi_quotes_are_read_as_bash_reads_them(text: str) -> None:
    quoted = "$'" + text.replace("'", "\\'") + "'"
    shell = subprocess.run(
        ["bash", "-c", f"printf %s {quoted}"],
        capture_output=True,
        check=False,
        env={"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"},
    )
    if shell.returncode == 0 and not shell.stderr:
        try:
            read = curl_read(f"curl https://h --data-raw {quoted}").body
        except FormatError:
            return
        assert read.encode() == shell.stdout.replace(b"\r\n", b"\n")


def test_a_command_as_browsers_copy_it() -> None:
    body = json.dumps(
        {"model": "m", "stream": True, "messages": [{"role": "user", "content": "¡Hola! it's"}]}
    )
    quoted = body.replace("\\", "\\\\").replace("'", "\\'").replace("!", "\\u0021")
    command = f"curl 'https://h/v1/chat/completions' \\\n  -H 'accept: */*' \\\n  --data-raw $'{quoted}'"
    (conversation,) = read_any(command).conversations
    assert conversation.messages[0].text == "¡Hola! it's"
