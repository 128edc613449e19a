"""Forms of providers and keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from team import services
from team.errors import InvalidValue, TeamError
from team.forms.widgets import CODE
from team.models import Auth, Provider, User
from team.provider_values import (
    Headers,
    ProviderValues,
    auth_header_clean,
    extra_headers_clean,
    extra_headers_masked,
    extra_headers_parse,
    key_clean,
    model_names_clean,
    origin_of,
)
from team.selectors import api_name, extra_headers_of, key_of_provider
from upstream import catalog


class ProviderForm(forms.Form):
    """Everything of a provider that a person decides, secrets included.

    A stored key never comes back; stored extra headers come back masked, and a line left masked keeps its value.
    """

    name = forms.CharField(
        label=_("Name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    scope = forms.ChoiceField(
        label=_("Who may use it"),
        choices=[("personal", _("Only me")), ("team", _("Everybody in the team"))],
        initial="personal",
        widget=forms.RadioSelect,
    )
    base_url = forms.CharField(
        label=_("Base URL"),
        max_length=500,
        help_text=_("Where the path begins, usually ending in /v1. The key stays bound to its host."),
        widget=forms.TextInput(
            attrs={**CODE, "inputmode": "url", "placeholder": "https://api.example.com/v1"}
        ),
    )
    api = forms.ChoiceField(
        label=_("API"), help_text=_("Which reference describes its parameters."), initial="generic"
    )
    auth = forms.ChoiceField(label=_("Authentication"), choices=Auth.choices, initial=Auth.BEARER)
    auth_header = forms.CharField(
        label=_("Header name"),
        required=False,
        max_length=80,
        help_text=_("Only for a header of its own."),
        widget=forms.TextInput(attrs={**CODE, "placeholder": "api-key"}),
    )
    key = forms.CharField(
        label=_("API key"),
        required=False,
        help_text=_("Stored encrypted. It is shown only now, while you type; later only its end."),
        widget=forms.TextInput(attrs=CODE),
    )
    extra_headers = forms.CharField(
        label=_("Extra headers"),
        required=False,
        strip=False,
        help_text=_(
            "One “Name: value” on each line, sent with every request. Stored encrypted like the key."
        ),
        widget=forms.Textarea(attrs={**CODE, "rows": 3, "placeholder": "X-Organization: …"}),
    )
    model_names = forms.CharField(
        label=_("Models"),
        required=False,
        help_text=_("One name on each line. “Refresh models” asks the provider for them."),
        widget=forms.Textarea(attrs={**CODE, "rows": 5}),
    )
    first_byte_timeout = forms.FloatField(
        label=_("Seconds until the first byte"), min_value=1, max_value=3600, initial=120
    )
    idle_timeout = forms.FloatField(
        label=_("Seconds between bytes"), min_value=1, max_value=3600, initial=120
    )

    def __init__(self, *args: Any, user: User, provider: Provider | None = None, **kwargs: Any) -> None:
        self.user, self.provider = user, provider
        self._kept: Headers = _headers_kept(provider)
        if provider is not None:
            kwargs["initial"] = _provider_initial(provider, self._kept)
        super().__init__(*args, **kwargs)
        self.fields["api"].choices = _api_choices()  # type: ignore[attr-defined]
        stored = key_of_provider(provider=provider) if provider else None
        if stored is not None:
            hint = _("…%(last4)s is stored. Type a new one to replace it.") % {"last4": stored.last4}
            self.fields["key"].widget.attrs["placeholder"] = hint
        if provider is not None or not user.is_administrator:
            del self.fields["scope"]

    def opens_more(self) -> bool:
        """Whether the folded part holds something to see."""
        fields = ("extra_headers", "first_byte_timeout", "idle_timeout")
        return bool(self["extra_headers"].value()) or any(field in self.errors for field in fields)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        path_api = str(data.get("api", ""))
        with self._errors_at_their_field():
            data["base_url"] = services.base_url_check(base_url=data.get("base_url", ""), api=path_api)
        with self._errors_at_their_field():
            data["auth_header"] = auth_header_clean(data.get("auth_header", ""), auth=data.get("auth", ""))
        with self._errors_at_their_field():
            # The page hides the field where no key is sent; what stands in it then must not stop anybody.
            wants_key = data.get("auth") != Auth.NONE and data.get("key", "").strip()
            data["key"] = key_clean(data["key"]) if wants_key else ""
        with self._errors_at_their_field():
            kept = () if self._is_moved(data) else self._kept
            headers = extra_headers_parse(data.get("extra_headers", ""), kept=kept)
            data["extra_headers"] = extra_headers_clean(headers, auth_header=data.get("auth_header", ""))
        with self._errors_at_their_field():
            data["model_names"] = model_names_clean(data.get("model_names", "").splitlines())
        return data

    def save(self) -> Provider | None:
        """Make or change the provider; None, with the error at its field, when a service refuses."""
        data = self.cleaned_data
        values = ProviderValues(
            name=data["name"],
            base_url=data["base_url"],
            api=data["api"],
            auth=data["auth"],
            auth_header=data["auth_header"],
            model_names=data["model_names"],
            first_byte_timeout=data["first_byte_timeout"],
            idle_timeout=data["idle_timeout"],
            extra_headers=data["extra_headers"],
        )
        key = data["key"]
        try:
            if self.provider is not None:
                return services.provider_update(
                    actor=self.user, provider=self.provider, values=values, key=key
                )
            owner = None if data.get("scope") == "team" else self.user
            return services.provider_create(actor=self.user, owner=owner, values=values, key=key)
        except InvalidValue as problem:
            self._error_place(problem)
            return None

    def _is_moved(self, data: dict[str, Any]) -> bool:
        if self.provider is None or "base_url" in self.errors:
            return False
        return origin_of(self.provider.base_url) != origin_of(data["base_url"])

    @contextmanager
    def _errors_at_their_field(self) -> Iterator[None]:
        try:
            yield
        except InvalidValue as problem:
            self._error_place(problem)

    def _error_place(self, problem: InvalidValue) -> None:
        if problem.field not in self.errors:
            self.add_error(problem.field if problem.field in self.fields else None, problem.message)


class KeyForm(forms.Form):
    """A person's own key for a provider of the team."""

    key = forms.CharField(
        label=_("Your API key"),
        help_text=_("Used instead of the team's key, for you only. Stored encrypted."),
        widget=forms.TextInput(attrs=CODE),
    )

    def clean_key(self) -> str:
        try:
            return key_clean(str(self.cleaned_data["key"]))
        except InvalidValue as problem:
            raise forms.ValidationError(problem.message) from problem


def _api_choices() -> list[tuple[str, str]]:
    return [(api_id, api_name(api_id)) for api_id in catalog.apis()]


def _headers_kept(provider: Provider | None) -> Headers:
    if provider is None:
        return ()
    try:
        return extra_headers_of(provider=provider)
    except TeamError:
        return ()  # they were for another origin; the page asks for them again


def _provider_initial(provider: Provider, headers: Headers) -> dict[str, Any]:
    return {
        "name": provider.name,
        "base_url": provider.base_url,
        "api": provider.api,
        "auth": provider.auth,
        "auth_header": provider.auth_header,
        "extra_headers": extra_headers_masked(headers),
        "model_names": "\n".join(provider.models),
        "first_byte_timeout": f"{provider.first_byte_timeout:g}",
        "idle_timeout": f"{provider.idle_timeout:g}",
    }
