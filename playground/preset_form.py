"""What is typed about a preset: its texts, its variables, and their values when it is applied."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from conversations.preset_text import (
    CHOICES_MAX,
    VARIABLES_MAX,
    Kind,
    TemplateRefused,
    TooManyVariables,
    ValueRefused,
    Variable,
    names_in,
    value_checked,
)
from conversations.services import PresetValues
from playground.forms import MESSAGE_MAX, SettingsForm, TextField
from team.models import Provider

NAME_MAX: Final = 100

KINDS: Final = (
    (Kind.TEXT, gettext_lazy("Text")),
    (Kind.NUMBER, gettext_lazy("Number")),
    (Kind.CHOICE, gettext_lazy("Choice")),
)


class PresetForm(SettingsForm):
    """The settings of the page as a version of a preset, with a message and what its variables take.

    Of a variable `name` the fields are `kind:name`, `default:name` and `choices:name` (one on each line).
    """

    message = TextField(max_length=MESSAGE_MAX)
    variables: tuple[Variable, ...] = ()

    def __init__(self, data: Mapping[str, Any], *, providers: Iterable[Provider]) -> None:
        super().__init__(data, providers=providers)
        self._data = data

    def values(self) -> PresetValues:
        """Return what to keep; call after `is_valid`."""
        return PresetValues(self.settings(), self.cleaned_data["message"], self.variables)

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        try:
            names = names_in([cleaned.get("system", ""), cleaned.get("message", "")])
            self.variables = tuple(self._variable(name) for name in names)
        except TemplateRefused as error:
            sentence = _("“%(found)s” is no variable. In double braces only a name can stand, as {{city}}.")
            raise ValidationError(sentence % {"found": error.found}, code="template") from error
        except TooManyVariables as error:
            sentence = _("These are more than %(most)d variables.")
            raise ValidationError(sentence % {"most": VARIABLES_MAX}, code="too_many") from error
        except ValueRefused as error:
            raise ValidationError(value_sentence(error), code="default") from error
        return cleaned

    def _variable(self, name: str) -> Variable:
        kind = str(self._data.get(f"kind:{name}", Kind.TEXT))
        default = str(self._data.get(f"default:{name}", "")).replace("\r\n", "\n")
        lines = str(self._data.get(f"choices:{name}", "")).splitlines()
        choices = tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))
        variable = Variable(name, kind if kind in list(Kind) else Kind.TEXT)
        if variable.kind == Kind.CHOICE:
            if not 1 <= len(choices) <= CHOICES_MAX:
                sentence = _("%(name)s needs choices, one on each line, at most %(most)d.")
                raise ValidationError(sentence % {"name": name, "most": CHOICES_MAX}, code="choices")
            variable = Variable(name, Kind.CHOICE, "", choices)
        if default:
            default = value_checked(variable, default)
        return Variable(name, variable.kind, default, variable.choices)


class NameForm(forms.Form):
    """What a preset is called."""

    name = forms.CharField(
        max_length=NAME_MAX, error_messages={"required": gettext_lazy("Give the preset a name.")}
    )


@dataclass(frozen=True, slots=True)
class ValueField:
    """One field of the form that asks for values."""

    variable: Variable
    value: str


def values_read(variables: Iterable[Variable], data: Mapping[str, Any]) -> dict[str, str]:
    """Return name → value from the fields `value:name`; a field that is missing has its default. Raises `ValueRefused`."""
    return {
        variable.name: value_checked(
            variable, str(data.get(f"value:{variable.name}", variable.default)).replace("\r\n", "\n")
        )
        for variable in variables
    }


def value_sentence(error: ValueRefused) -> str:
    """Return what is wrong with a value, for a person."""
    sentences = {
        "number": _("%(name)s takes a number, as 0.7 or 12."),
        "choice": _("%(name)s takes one of its choices."),
        "length": _("The value of %(name)s is too long."),
    }
    return sentences[error.reason] % {"name": error.name}
