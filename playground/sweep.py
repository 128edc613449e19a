"""The sweep: columns made from a list of models, or of values of one parameter, checked as the form checks them."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from conversations.services import MAX_COLUMNS
from playground.forms import MODEL_MAX
from playground.parameter_extra import is_name
from playground.parameter_notes import error_sentence
from upstream.catalog import Api, json_text
from upstream.catalog.json_text import InvalidJsonText

LINES_MAX: Final = 100_000  # characters


class SweepForm(forms.Form):
    """What the dialog posts: `over` models or one parameter, one value a line."""

    MODELS, PARAMETER = "models", "parameter"

    over = forms.ChoiceField(choices=[(MODELS, MODELS), (PARAMETER, PARAMETER)])
    parameter = forms.CharField(required=False, max_length=200)
    values = forms.CharField(
        strip=False,
        max_length=LINES_MAX,
        error_messages={"required": gettext_lazy("Write one value on each line.")},
    )

    def __init__(self, data: Mapping[str, Any], *, api: Api, settings: Mapping[str, Any]) -> None:
        """`settings` are those of the column that all the others are copies of, `api` is what its provider speaks."""
        super().__init__(data)
        self._api = api
        self._settings = settings

    def columns(self) -> list[dict[str, Any]]:
        """Return the settings of each column; call after `is_valid`."""
        values: list[str] = self.cleaned_data["values"]
        if self.cleaned_data["over"] == self.MODELS:
            return [{**self._settings, "model": model} for model in values]
        name = self.cleaned_data["parameter"]
        parameters = self._settings.get("parameters", {})
        return [{**self._settings, "parameters": {**parameters, name: source}} for source in values]

    def clean_values(self) -> list[str]:
        """Return the lines, each once."""
        lines = [line.strip() for line in self.cleaned_data["values"].splitlines() if line.strip()]
        values = list(dict.fromkeys(lines))
        if not values:
            raise ValidationError(_("Write one value on each line."), code="required")
        if len(values) > MAX_COLUMNS:
            raise ValidationError(
                ngettext(
                    "This is %(count)d value; there can be at most %(most)d columns.",
                    "These are %(count)d values; there can be at most %(most)d columns.",
                    len(values),
                )
                % {"count": len(values), "most": MAX_COLUMNS},
                code="too_many",
            )
        return values

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        values = cleaned.get("values")
        if values and cleaned.get("over") == self.MODELS:
            for model in values:
                if len(model) > MODEL_MAX:
                    self.add_error(
                        "values", _("This is too long for a model: %(name)s…") % {"name": model[:40]}
                    )
        elif values and cleaned.get("over") == self.PARAMETER:
            name = cleaned.get("parameter", "")
            if not is_name(name):
                self.add_error("parameter", _("Choose a parameter."))
            else:
                cleaned["values"] = [self._source(name, value) for value in values]
        return cleaned

    def _source(self, name: str, typed: str) -> str:
        """Return a value as JSON source text; text may be typed without quotes where the parameter takes text."""
        parameter = self._api.parameter(name)
        types = parameter.types if parameter else ()
        try:
            json_text.parse(typed)
        except InvalidJsonText as error:
            if "string" in types and error.code == "not_json":
                return json_text.quoted(typed)
            sentence = error_sentence(error.code, types)
            self.add_error("values", _("%(value)s: %(problem)s") % {"value": typed[:40], "problem": sentence})
        return typed
