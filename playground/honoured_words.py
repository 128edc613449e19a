"""The sentences for what an answer did not honour."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

SHOWN = 60  # characters of a value in a sentence


def honoured_sentences(findings: Iterable[Any]) -> tuple[str, ...]:
    """Return a sentence for each kept finding of a kind that is known here."""
    pairs = (finding for finding in findings if isinstance(finding, list | tuple) and len(finding) == 2)
    return tuple(text for code, values in pairs if (text := _sentence_or_none(str(code), values)))


def _sentence_or_none(code: str, values: Any) -> str:
    """Return the sentence, "" where the values are none of ours: an import may say anything."""
    try:
        return _sentence(code, values)
    except (AttributeError, KeyError, TypeError, ValueError):
        return ""


def _sentence(code: str, values: Mapping[str, Any]) -> str:
    shown = {name: _short(value) for name, value in values.items()}
    if code == "n":
        given = int(values["given"])
        return ngettext(
            "n: %(asked)s asked for, %(given)d choice came",
            "n: %(asked)s asked for, %(given)d choices came",
            given,
        ) % {"asked": shown["asked"], "given": given}
    texts = {
        "model": _("model: %(asked)s asked for, %(given)s answered"),
        "seed": _("seed: no system_fingerprint came, so nothing tells whether it was honoured"),
        "logprobs": _("logprobs: asked for, none came"),
        "top_logprobs": _("top_logprobs: asked for, none came"),
        "response_format": _("response_format: %(type)s asked for, the answer is no JSON"),
        "length": _("%(name)s: %(asked)s allowed, %(given)s tokens came"),
        "tool_choice": _("tool_choice: %(asked)s asked for, no such call came"),
        "tools": _("tools: %(given)s offered, none was called"),
        "tool_none": _("tool_choice: none asked for, a tool was called"),
        "parallel_tool_calls": _("parallel_tool_calls: false asked for, several calls came at once"),
        "stop": _("stop: the answer goes on past “%(asked)s”"),
        "service_tier": _("service_tier: %(asked)s asked for, %(given)s served"),
        "audio": _("modalities: audio asked for, none came"),
        "include_usage": _("stream_options: usage asked for, none came"),
    }
    text = texts.get(code)
    return text % shown if text else ""


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
