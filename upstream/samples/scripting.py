"""Scripting languages: Python, JavaScript, PHP, Ruby and R. Each prints the answer as it comes."""

from functools import partial

from upstream.samples import literals
from upstream.samples.request import BODY_FILE, SampleRequest, SampleText, body_pieces

_python = partial(literals.quoted, quote="'", special="", other=literals.code_point)
_javascript = partial(literals.quoted, quote="'", special="", other=literals.utf16_units)
_r = partial(literals.quoted, quote='"', special="", other=literals.code_point)


def python(request: SampleRequest) -> str:
    """Return a program for Python's own library."""
    imports = ["os"] if request.variables else []
    return f"""\
{"".join(f"import {name}{chr(10)}" for name in imports)}import sys
import urllib.error
import urllib.request

{_python_body(request)}
request = urllib.request.Request(
    {_python_text(request.url)},
    data=body,
    headers={{
{_python_headers(request, "        ")}    }},
    method={_python(request.method)},
)
try:
    response = urllib.request.urlopen(request)
except urllib.error.HTTPError as error:
    response = error
with response:
    while chunk := response.read1():
        sys.stdout.buffer.write(chunk)
        sys.stdout.flush()
"""


def httpx(request: SampleRequest) -> str:
    """Return a program for httpx that reads the answer as a stream."""
    imports = "import os\nimport sys\n" if request.variables else "import sys\n"
    return f"""\
{imports}
import httpx

{_python_body(request)}
headers = {{
{_python_headers(request, "    ")}}}
with httpx.stream(
    {_python(request.method)},
    {_python_text(request.url)},
    content=body,
    headers=headers,
    timeout=httpx.Timeout(10, read=None),
) as response:
    for chunk in response.iter_bytes():
        sys.stdout.buffer.write(chunk)
        sys.stdout.flush()
"""


def _python_body(request: SampleRequest) -> str:
    if request.in_file:
        return f'with open("{BODY_FILE}", "rb") as file:\n    body = file.read()\n'
    pieces = "".join(f"    {_python(piece)}\n" for piece in body_pieces(request.body))
    return f"body = (\n{pieces}).encode()\n"


def _python_headers(request: SampleRequest, indent: str) -> str:
    return "".join(f"{indent}{_python(name)}: {_python_text(value)},\n" for name, value in request.headers)


def _python_text(value: SampleText) -> str:
    return literals.concatenated(value, _python, 'os.environ["{}"]')


def javascript(request: SampleRequest) -> str:
    """Return a module for fetch, in Node.js 18 or newer."""
    text = partial(literals.concatenated, literal=_javascript, variable="process.env.{}")
    headers = "".join(f"    {_javascript(name)}: {text(value)},\n" for name, value in request.headers)
    if request.in_file:
        body = (
            f'import {{ readFile }} from "node:fs/promises";\n\nconst body = await readFile("{BODY_FILE}");'
        )
    else:
        pieces = "".join(f"  {_javascript(piece)},\n" for piece in body_pieces(request.body))
        body = f'const body = [\n{pieces}].join("");'
    return f"""\
{body}

const response = await fetch({text(request.url)}, {{
  method: {_javascript(request.method)},
  headers: {{
{headers}  }},
  body,
}});
for await (const chunk of response.body) {{
  process.stdout.write(chunk);
}}
"""


def _php(text: str) -> str:
    if any(map(literals.is_unseen, text)):
        return literals.quoted(text, '"', "$", _php_other)
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _php_other(character: str) -> str:
    return literals.octal_bytes(character) if character < "\x80" else literals.braces(character)


def php(request: SampleRequest) -> str:
    """Return a program for PHP without extensions."""
    text = partial(literals.concatenated, literal=_php, variable="getenv('{}')", plus=" . ")
    headers = "".join(
        f"        {text(SampleText(f'{name}: {value.before}', value.variable, value.after))},\n"
        for name, value in request.headers
    )
    if request.in_file:
        body = f"$body = file_get_contents('{BODY_FILE}');"
    else:
        body = "$body = " + "\n    . ".join(map(_php, body_pieces(request.body))) + ";"
    return f"""\
<?php
{body}

$context = stream_context_create(['http' => [
    'method' => {_php(request.method)},
    'header' => [
{headers}    ],
    'content' => $body,
    'ignore_errors' => true,
    'timeout' => 600,
]]);
$response = fopen({text(request.url)}, 'rb', false, $context);
while (!feof($response)) {{
    echo fread($response, 8192);
    flush();
}}
"""


def _ruby(text: str) -> str:
    if any(map(literals.is_unseen, text)):
        return literals.quoted(text, '"', "#", _php_other)
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def ruby(request: SampleRequest) -> str:
    """Return a program for Ruby's own library."""
    text = partial(literals.concatenated, literal=_ruby, variable="ENV.fetch('{}')")
    headers = "".join(f"request[{_ruby(name)}] = {text(value)}\n" for name, value in request.headers)
    if request.in_file:
        body = f"request.body = File.binread('{BODY_FILE}')"
    else:
        pieces = "".join(f"  {_ruby(piece)},\n" for piece in body_pieces(request.body))
        body = f"request.body = [\n{pieces}].join"
    return f"""\
# encoding: utf-8
require 'net/http'

uri = URI({text(request.url)})
request = Net::HTTPGenericRequest.new({_ruby(request.method)}, true, true, uri)
{headers}{body}

Net::HTTP.start(uri.host, uri.port, use_ssl: uri.scheme == 'https', read_timeout: nil) do |http|
  http.request(request) do |response|
    response.read_body do |chunk|
      $stdout.write(chunk)
      $stdout.flush
    end
  end
end
"""


def r(request: SampleRequest) -> str:
    """Return a program for R with httr2: R by itself cannot send a POST."""
    text = partial(literals.concatenated, literal=_r, variable='Sys.getenv("{}")', plus=", ")

    def joined(value: SampleText) -> str:
        return f"paste0({text(value)})" if value.variable else text(value)

    headers = ",\n".join(f"    {_r(name)} = {joined(value)}" for name, value in request.headers)
    kind = next((value.before for name, value in request.headers if name.lower() == "content-type"), "")
    if request.in_file:
        body = f'body <- readBin("{BODY_FILE}", "raw", file.size("{BODY_FILE}"))'
    else:
        pieces = ",\n".join(f"  {_r(piece)}" for piece in body_pieces(request.body))
        body = f"body <- charToRaw(enc2utf8(paste0(\n{pieces}\n)))"
    return f"""\
library(httr2)

{body}

invisible(request({joined(request.url)}) |>
  req_method({_r(request.method)}) |>
  req_headers(
{headers}
  ) |>
  req_body_raw(body, type = {_r(kind or "application/json")}) |>
  req_error(is_error = function(response) FALSE) |>
  req_stream(function(chunk) {{
    cat(rawToChar(chunk))
    TRUE
  }}, timeout_sec = 600))
"""
