"""The official OpenAI packages. They write the body anew, so the same JSON is sent, not the same bytes."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from upstream.samples import literals
from upstream.samples.request import BODY_FILE, SampleRequest, SampleText

PATH: Final = "/chat/completions"
OWN_HEADERS: Final = frozenset({"authorization", "content-type", "accept"})
SAFE_INTEGER: Final = 2**53
ARGUMENTS: Final = frozenset(
    {
        "audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs", "max_completion_tokens",
        "max_tokens", "messages", "metadata", "modalities", "model", "n", "parallel_tool_calls", "prediction",
        "presence_penalty", "reasoning_effort", "response_format", "seed", "service_tier", "stop", "store", "stream",
        "stream_options", "temperature", "tool_choice", "tools", "top_logprobs", "top_p", "user",
    }
)  # fmt: skip
"""What `create` of the Python package takes by name; everything else goes through `extra_body`."""

_python = partial(literals.quoted, quote='"', special="", other=literals.code_point)
_javascript = partial(literals.quoted, quote='"', special="", other=literals.utf16_units)


def offered(request: SampleRequest) -> bool:
    """Whether these packages can send this request at all: a chat completion with a model and messages."""
    document = request.document or {}
    return urlsplit(request.url.before).path.endswith(PATH) and {"model", "messages"} <= document.keys()


def loses_digits(request: SampleRequest) -> bool:
    """Whether the body holds an integer that JavaScript cannot hold."""
    big = False

    def integer(text: str) -> int:
        nonlocal big
        big = big or (len(text) > 15 and abs(int(text[:40])) > SAFE_INTEGER)
        return 0

    json.loads(request.body, parse_int=integer)
    return big


def openai_python(request: SampleRequest) -> str:
    """Return a program for the `openai` package of Python."""
    text = partial(literals.concatenated, literal=_python, variable='os.environ["{}"]')
    options = _options(request, text, python=True)
    body = request.document or {}
    given = {name: value for name, value in body.items() if name in ARGUMENTS}
    extra = {name: value for name, value in body.items() if name not in ARGUMENTS}
    if request.in_file:
        before = f'with open("{BODY_FILE}", encoding="utf-8") as file:\n    body = json.load(file)\n'
        call = '\n    model=body.pop("model"),\n    messages=body.pop("messages"),\n'
        call += '    stream=body.pop("stream", False),\n    extra_body=body,\n'
    else:
        before = ""
        call = "\n" + "".join(f"    {name}={_python_value(value, 1)},\n" for name, value in given.items())
        call += f"    extra_body={_python_value(extra, 1)},\n" if extra else ""
    imports = ("import json\n" if request.in_file else "") + ("import os\n" if request.variables else "")
    return f"""\
{imports}{chr(10) if imports else ""}from openai import OpenAI

{before}client = OpenAI(
{"".join(f"    {name}={value},{chr(10)}" for name, value in options.items())})
response = client.chat.completions.create({call})
{_PYTHON_STREAM if request.streams else "print(response.to_json())"}
"""


_PYTHON_STREAM: Final = """\
for chunk in response:
    for choice in chunk.choices:
        print(choice.delta.content or "", end="", flush=True)"""


def openai_node(request: SampleRequest) -> str:
    """Return a module for the `openai` package of Node.js."""
    text = partial(literals.concatenated, literal=_javascript, variable="process.env.{}")
    options = _options(request, text, python=False)
    if request.in_file:
        imports = 'import { readFile } from "node:fs/promises";\n'
        body = f'JSON.parse(await readFile("{BODY_FILE}", "utf8"))'
    else:
        imports, body = "", _javascript_value(request.document, 0)
    return f"""\
{imports}import OpenAI from "openai";

const client = new OpenAI({{
{"".join(f"  {name}: {value},{chr(10)}" for name, value in options.items())}}});
const response = await client.chat.completions.create({body});
{_NODE_STREAM if request.streams else "console.log(JSON.stringify(response, null, 2));"}
"""


_NODE_STREAM: Final = """\
for await (const chunk of response) {
  for (const choice of chunk.choices) {
    process.stdout.write(choice.delta.content ?? "");
  }
}"""


def _options(request: SampleRequest, text: Callable[[SampleText], str], *, python: bool) -> Mapping[str, str]:
    """Return the client's options as source texts: base URL, key, and what else the request carried."""
    value = _python_value if python else _javascript_value
    parts = urlsplit(request.url.before)
    base = urlunsplit((parts.scheme, parts.netloc, parts.path.removesuffix(PATH), "", ""))
    options = {"base_url" if python else "baseURL": value(base, 0)}
    bearer = next((v for name, v in request.headers if name.lower() == "authorization"), None)
    key = SampleText("", bearer.variable) if bearer and bearer.variable else SampleText("unused")
    options["api_key" if python else "apiKey"] = text(key)
    extra = [(name, v) for name, v in request.headers if name.lower() not in OWN_HEADERS]
    if extra:
        options["default_headers" if python else "defaultHeaders"] = _map(extra, text)
    query = [(name, SampleText(v)) for name, v in parse_qsl(parts.query, keep_blank_values=True)]
    if request.url.variable and query:
        query[-1] = (query[-1][0], SampleText(query[-1][1].before, request.url.variable))
    if query:
        options["default_query" if python else "defaultQuery"] = _map(query, text)
    return options


def _map(pairs: list[tuple[str, SampleText]], text: Callable[[SampleText], str]) -> str:
    return "{" + ", ".join(f"{_javascript(name)}: {text(value)}" for name, value in pairs) + "}"


def _python_value(value: Any, depth: int) -> str:
    match value:
        case None | True | False:
            return repr(value)
        case str():
            return _python(value)
        case dict():
            return _block(
                "{}", [f"{_python(k)}: {_python_value(v, depth + 1)}" for k, v in value.items()], depth * 4, 4
            )
        case list():
            return _block("[]", [_python_value(item, depth + 1) for item in value], depth * 4, 4)
    return repr(value)


def _javascript_value(value: Any, depth: int) -> str:
    match value:
        case str():
            return _javascript(value)
        case dict():
            return _block(
                "{}",
                [f"{_name(k)}: {_javascript_value(v, depth + 1)}" for k, v in value.items()],
                depth * 2,
                2,
            )
        case list():
            return _block("[]", [_javascript_value(item, depth + 1) for item in value], depth * 2, 2)
    return json.dumps(value)


def _name(name: str) -> str:
    # Plain `__proto__` in an object literal sets the prototype instead of a member.
    return (
        '["__proto__"]'
        if name == "__proto__"
        else name
        if name.isidentifier() and name.isascii()
        else _javascript(name)
    )


def _block(brackets: str, items: list[str], indent: int, step: int) -> str:
    if not items:
        return brackets
    inner = ",\n".join(" " * (indent + step) + item for item in items)
    return f"{brackets[0]}\n{inner},\n{' ' * indent}{brackets[1]}"
