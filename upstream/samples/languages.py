"""The languages in which a request can be had, in the order in which they are offered."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from upstream.samples import apple, compiled, openai_sdk, scripting
from upstream.samples.curl import curl
from upstream.samples.http import http
from upstream.samples.request import SampleRequest


@dataclass(frozen=True, slots=True)
class Language:
    """One language: `write` returns the sample.

    `colours` is highlight.js's name for it, `needs` the packages that do not come with the language, `exact` whether the
    sample sends the kept bytes (else the same JSON), `offered` whether it can send a given request.
    """

    id: str
    name: str
    write: Callable[[SampleRequest], str]
    colours: str
    needs: str = ""
    exact: bool = True
    offered: Callable[[SampleRequest], bool] = lambda _request: True


LANGUAGES: Final = (
    Language("curl", "Shell (curl)", curl, "bash"),
    Language("javascript", "JavaScript", scripting.javascript, "javascript"),
    Language("java", "Java", compiled.java, "java"),
    Language("swift", "Swift", apple.swift, "swift"),
    Language("go", "Go", compiled.go, "go"),
    Language("php", "PHP", scripting.php, "php"),
    Language("python", "Python", scripting.python, "python"),
    Language("http", "HTTP", http, "http"),
    Language("c", "C", compiled.c, "c", needs="libcurl"),
    Language("csharp", "C#", compiled.csharp, "csharp"),
    Language("objc", "Objective-C", apple.objc, "objectivec"),
    Language("ruby", "Ruby", scripting.ruby, "ruby"),
    Language("ocaml", "OCaml", compiled.ocaml, "ocaml", needs="cohttp-lwt-unix"),
    Language("dart", "Dart", compiled.dart, "dart"),
    Language("r", "R", scripting.r, "r", needs="httr2"),
    Language("httpx", "Python (httpx)", scripting.httpx, "python", needs="httpx"),
    Language(
        "openai-python",
        "Python (OpenAI SDK)",
        openai_sdk.openai_python,
        "python",
        needs="openai",
        exact=False,
        offered=openai_sdk.offered,
    ),
    Language(
        "openai-node",
        "Node.js (OpenAI SDK)",
        openai_sdk.openai_node,
        "javascript",
        needs="openai",
        exact=False,
        offered=openai_sdk.offered,
    ),
)


def languages_for(request: SampleRequest) -> tuple[Language, ...]:
    """Return the languages that can send this request; never empty."""
    return tuple(language for language in LANGUAGES if language.offered(request))
