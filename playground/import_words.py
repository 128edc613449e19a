"""What an import says to people: why a text cannot be read, what was found, what was taken out."""

from collections.abc import Mapping

from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from upstream.formats.errors import FormatError

SOURCES = {
    "playground": gettext_lazy("Chat Playground’s own JSON"),
    "har": gettext_lazy("HAR, requests as a browser records them"),
    "jsonl": gettext_lazy("JSON lines, a conversation in each"),
    "curl": gettext_lazy("a cURL command"),
    "body": gettext_lazy("a request body"),
    "chatgpt": gettext_lazy("ChatGPT’s export"),
    "open_webui": gettext_lazy("Open WebUI’s export"),
}
_SENTENCES = {
    "empty": gettext_lazy("Paste something, or choose a file."),
    "not_json": gettext_lazy("This is not JSON."),
    "too_deep": gettext_lazy("This is nested too deeply."),
    "not_unicode": gettext_lazy("This is not text in UTF-8 or UTF-16."),
    "too_large": gettext_lazy("This file is too large to be imported."),
    "unknown": gettext_lazy("No format that can be imported was recognised."),
    "archive": gettext_lazy("This is an archive. Unpack it and choose the JSON file in it."),
    "version": gettext_lazy("A newer Chat Playground wrote this file."),
    "field": gettext_lazy("Something is missing or of another kind than the format has it."),
    "curl": gettext_lazy("This cURL command cannot be read."),
    "file": gettext_lazy(
        "The command reads its body from a file, which is not here. Paste that file’s content instead."
    ),
    "option": gettext_lazy("This option of cURL cannot be taken over."),
    "no_request": gettext_lazy("There is no request with messages in it."),
    "too_many": gettext_lazy("This holds more than can be imported at once."),
}


def error_sentence(error: FormatError) -> str:
    """Return why a text cannot be imported, with the place it is about."""
    sentence = str(_SENTENCES[error.code])
    if not error.where:
        return sentence
    if error.code == "not_json":
        return _("This is not JSON: look at line %(line)s.") % {"line": error.where}
    return str(format_lazy("{} ({})", sentence, error.where))


def left_out_sentences(left_out: Mapping[str, int]) -> tuple[str, ...]:
    """Return what is not taken over, in words."""
    words = {
        "messages of tools": ngettext(
            "%(count)d message of a tool is left out.",
            "%(count)d messages of tools are left out.",
            left_out.get("messages of tools", 0),
        ),
        "pictures and files": ngettext(
            "%(count)d picture or file is not part of this export.",
            "%(count)d pictures or files are not part of this export.",
            left_out.get("pictures and files", 0),
        ),
        "requests that are no chat": ngettext(
            "%(count)d other request is left out.",
            "%(count)d other requests are left out.",
            left_out.get("requests that are no chat", 0),
        ),
    }
    return tuple(words[name] % {"count": count} for name, count in left_out.items() if count)
