"""What the workbench posts, parsed and checked against the catalog."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from conversations.written import Written
from playground.message_input import FIELDS, InvalidMessage, is_empty, message_read
from playground.parameter_extra import EXTRA, InvalidExtra, extra_members, is_name
from playground.parameter_notes import encodable, error_sentence
from team.models import Provider
from upstream import catalog
from upstream.catalog import Api, json_text
from upstream.catalog.json_text import InvalidJsonText

MESSAGE_MAX: Final = 1_000_000  # characters; longer than any context window, short enough for one form
MODEL_MAX: Final = 300
PARAMETERS_MAX: Final = 300  # names


@dataclass(frozen=True, slots=True)
class RunInput:
    """What one press of Send asks for. `parameters` are name → JSON source text, each one JSON value."""

    message: str
    written: Written
    provider: Provider
    api: Api
    model: str
    system: str
    parameters: Mapping[str, str]


class TextField(forms.CharField):
    """A text as typed: outer spaces kept, line ends as the browser's field had them before it encoded the form."""

    def __init__(self, **options: Any) -> None:
        super().__init__(strip=False, required=False, **options)

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n")


class SettingsForm(forms.Form):
    """The settings of a column, as saved while they are typed: whatever can be kept is kept, valid or not."""

    provider = forms.CharField(required=False)
    model = forms.CharField(required=False, max_length=MODEL_MAX)
    system = TextField(
        max_length=MESSAGE_MAX,
        error_messages={
            "max_length": gettext_lazy(
                "This system prompt has %(show_value)d characters; at most %(limit_value)d can be sent."
            ),
        },
    )
    parameters = forms.CharField(required=False, strip=False)

    def __init__(self, data: Mapping[str, Any], *, providers: Iterable[Provider]) -> None:
        """`providers` are those this person may use."""
        super().__init__(data)
        self._providers = {str(provider.pk): provider for provider in providers}

    @property
    def api(self) -> Api:
        """The API of the chosen provider; the generic one while none is chosen."""
        provider = self.cleaned_data.get("provider")
        return catalog.api(provider.api if provider else "generic")

    def settings(self) -> dict[str, Any]:
        """Return the column's settings to keep; call after `is_valid`."""
        provider = self.cleaned_data["provider"]
        return {
            "provider": str(provider.pk) if provider else "",
            "model": self.cleaned_data["model"],
            "system": self.cleaned_data["system"],
            "parameters": self.cleaned_data["parameters"],
        }

    def clean_provider(self) -> Provider | None:
        chosen = self.cleaned_data["provider"]
        if not chosen:
            return None
        if chosen not in self._providers:
            raise ValidationError(
                _("This provider is not there any more. Choose another one."), code="unknown"
            )
        return self._providers[chosen]

    def clean_parameters(self) -> dict[str, str]:
        """Return name → JSON source text. Blank ones are left out; the extra object is taken apart if it can be."""
        text = self.cleaned_data["parameters"]
        if not text.strip():
            return {}
        parameters = {name: source for name, source in _sources(text).items() if source.strip()}
        extra = parameters.pop(EXTRA, "")
        try:
            return parameters | (extra_members(self.api, extra) if extra else {})
        except InvalidExtra:
            return parameters | {EXTRA: extra}


class DraftForm(SettingsForm):
    """A run as far as it is written: the settings of the column and the message, fit to be sent or not.

    The fields of a message are those of `playground.message_input`; call `written` after `is_valid`.
    """

    message = TextField(
        max_length=MESSAGE_MAX,
        error_messages={
            "max_length": gettext_lazy(
                "This message has %(show_value)d characters; at most %(limit_value)d can be sent."
            ),
        },
    )
    parts = TextField()
    role = TextField()
    name = TextField()
    tool_call_id = TextField()
    raw = TextField()
    written: Written | None = None
    """The message, None where none can be read."""

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if not self.errors.keys() & set(FIELDS):
            try:
                self.written = message_read(self.cleaned_data)
            except InvalidMessage as error:
                self.add_error("message", ValidationError(str(error), code="unreadable"))
        return cleaned


class RunForm(DraftForm):
    """One press of Send: everything must be fit to be sent."""

    def __init__(
        self, data: Mapping[str, Any], *, providers: Iterable[Provider], message_required: bool = True
    ) -> None:
        """`message_required` is False where a run goes on from an earlier message, as when it is repeated."""
        super().__init__(data, providers=providers)
        self._message_required = message_required

    def run_input(self) -> RunInput:
        """Return what to run; call after `is_valid`."""
        assert self.written is not None  # the form is valid
        return RunInput(
            message=self.written.text,
            written=self.written,
            provider=self.cleaned_data["provider"],
            api=self.api,
            model=self.cleaned_data["model"],
            system=self.cleaned_data["system"],
            parameters=self.cleaned_data["parameters"],
        )

    @property
    def parameter_errors(self) -> dict[str, str]:
        """The sentence for each parameter that cannot be sent, by name; EXTRA is the extra object."""
        errors = self.errors.as_data().get("parameters", [])
        return {error.params["name"]: error.params["reason"] for error in errors if error.params}

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self._message_required and self.written is not None and is_empty(self.written):
            self.add_error("message", ValidationError(_("Write a message first."), code="required"))
        return cleaned

    def clean_provider(self) -> Provider | None:
        provider = super().clean_provider()
        if provider is None:
            raise ValidationError(_("Choose a provider."), code="required")
        return provider

    def clean_model(self) -> str:
        model: str = self.cleaned_data["model"]
        if not model:
            raise ValidationError(_("Choose a model."), code="required")
        return model

    def clean_parameters(self) -> dict[str, str]:
        parameters = super().clean_parameters()
        reasons = {
            name: reason for name, source in parameters.items() if (reason := self._reason(name, source))
        }
        if reasons:
            raise ValidationError(
                [
                    ValidationError(
                        "%(label)s: %(reason)s",
                        code="parameter",
                        params={"name": name, "label": name or _("Extra"), "reason": reason},
                    )
                    for name, reason in reasons.items()
                ]
            )
        return parameters

    def _reason(self, name: str, source: str) -> str:
        """Return why a parameter cannot be sent, "" when it can."""
        if name == EXTRA:
            try:
                extra_members(self.api, source)
            except InvalidExtra as error:
                return str(error)
        try:
            json_text.parse(source)
        except InvalidJsonText as error:
            parameter = self.api.parameter(name)
            return error_sentence(error.code, parameter.types if parameter else ())
        return ""


def _sources(text: str) -> dict[str, str]:
    """Return the posted object, which maps names to JSON source texts; raises ValidationError for anything else."""
    try:
        pairs = [(name, json_text.parse(source)) for name, source in json_text.members(text)]
    except InvalidJsonText as error:
        if error.code == "too_long":
            raise ValidationError(error_sentence(error.code), code=error.code) from error
        raise ValidationError(_unreadable(), code="unreadable") from error
    except TypeError as error:
        raise ValidationError(_unreadable(), code="unreadable") from error
    sources = {name: encodable(source) for name, source in pairs if isinstance(source, str)}
    if len(sources) != len(pairs) or not all(name == EXTRA or is_name(name) for name in sources):
        raise ValidationError(_unreadable(), code="unreadable")
    if len(sources) > PARAMETERS_MAX:
        raise ValidationError(
            _("These are more than %(most)d parameters.") % {"most": PARAMETERS_MAX}, code="too_many"
        )
    return sources


def _unreadable() -> str:
    return _("The parameters could not be read. Reload the page and try again.")
