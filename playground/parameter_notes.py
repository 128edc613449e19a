"""What the form says about a parameter's value: the catalog's codes as sentences for people."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from upstream.catalog import (
    Field,
    JudgementWarning,
    OtherType,
    OutOfRange,
    Parameter,
    TooManyItems,
    UnknownChoice,
)
from upstream.catalog.json_text import MAX_DEPTH, MAX_LENGTH


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence under a row. `level` "bad" blocks the run, "warn" does not; `fix` is JSON text that would be fine."""

    level: str
    text: str
    fix: str = ""


_ERRORS: Mapping[str, str | Promise] = {
    "empty": gettext_lazy("A value is missing. Type one, or switch the parameter off."),
    "not_json": gettext_lazy("This is not valid JSON."),
    "too_deep": gettext_lazy("This is nested more than %(depth)d levels deep."),
    "too_long": gettext_lazy("This is longer than %(length)d characters."),
    "not_unicode": gettext_lazy("This holds half a character, which cannot be sent."),
}
_TYPES: Mapping[str, str | Promise] = {
    "null": "null",
    "boolean": gettext_lazy("true or false"),
    "integer": gettext_lazy("a whole number"),
    "number": gettext_lazy("a number"),
    "string": gettext_lazy("text"),
    "array": gettext_lazy("a list"),
    "object": gettext_lazy("an object"),
    "any": gettext_lazy("anything"),
}


def encodable(text: str) -> str:
    """Return a text with each half of a surrogate pair as JSON spells it, so that it can be shown, kept and sent."""
    return text.encode("utf-8", "backslashreplace").decode()


def error_sentence(code: str, types: tuple[str, ...] = ()) -> str:
    """Return the sentence for a code of InvalidJsonText; `types` are what the parameter is documented to take."""
    kinds = set(types) - {"null"}
    if code == "not_json" and kinds == {"integer"}:
        return _("A whole number is needed here, such as 7.")
    if code == "not_json" and kinds and kinds <= {"integer", "number"}:
        return _("A number is needed here, such as 0.7.")
    return str(_ERRORS[code]) % {"depth": MAX_DEPTH, "length": MAX_LENGTH}


def notes_of(parameter: Parameter, source: str, model: str) -> tuple[Note, ...]:
    """Return what to say about a value of this parameter that is to be sent as JSON text `source`."""
    judgement = parameter.judge(source)
    if judgement.error:
        return (Note("bad", error_sentence(judgement.error, parameter.types)),)
    return tuple(_notes(parameter, judgement.warnings, model))


def _notes(parameter: Parameter, warnings: tuple[JudgementWarning, ...], model: str) -> Iterator[Note]:
    for warning in warnings:
        fix = warning.nearest if isinstance(warning, OutOfRange) and warning.path == parameter.path else None
        place = "" if warning.path == parameter.path else f"{encodable(warning.path)}: "
        yield Note("warn", place + _warning_sentence(warning), fix or "")
    if not parameter.applies_to(model):
        models = ", ".join(parameter.models)
        yield Note(
            "warn", _("Documented for other models (%(models)s). Sent all the same.") % {"models": models}
        )


def _warning_sentence(warning: JudgementWarning) -> str:
    match warning:
        case OutOfRange(field=field):
            return _("Documented: %(range)s. Sent as typed.") % {"range": range_phrase(field)}
        case UnknownChoice(field=field):
            return _("Documented: %(choices)s. Sent as typed.") % {"choices": ", ".join(field.enum)}
        case OtherType(field=field, got=got):
            return _("Documented: %(types)s; this is %(got)s. Sent as typed.") % {
                "types": _(" or ").join(str(_TYPES[name]) for name in field.types),
                "got": _TYPES[got],
            }
        case TooManyItems(field=field, count=count):
            most = field.max_items or 0
            sentence = ngettext(
                "Documented: at most %(most)d entry; there are %(count)d. Sent as typed.",
                "Documented: at most %(most)d entries; there are %(count)d. Sent as typed.",
                most,
            )
            return sentence % {"most": most, "count": count}


def range_phrase(field: Field) -> str:
    """Return a documented range in words, such as "1 to 16384"; "" when there is none."""
    low, high = field.minimum, field.maximum
    values = {"low": low, "high": high}
    if low is None and high is None:
        return ""
    if high is None:
        return (_("more than %(low)s") if field.exclusive_minimum else _("at least %(low)s")) % values
    if low is None:
        return (_("less than %(high)s") if field.exclusive_maximum else _("at most %(high)s")) % values
    if field.exclusive_minimum and field.exclusive_maximum:
        return _("more than %(low)s, less than %(high)s") % values
    if field.exclusive_minimum:
        return _("more than %(low)s, up to %(high)s") % values
    if field.exclusive_maximum:
        return _("at least %(low)s, less than %(high)s") % values
    return _("%(low)s to %(high)s") % values
