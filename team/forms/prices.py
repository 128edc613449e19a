"""Forms of prices and budgets."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core import signing
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from team import selectors, services
from team.cost_models import CURRENCY
from team.errors import InvalidValue
from team.forms.widgets import CODE
from team.models import ApiKey, Budget, Price, Provider, User
from team.price_import import Chosen, Entry, PriceFile, entries_choose
from team.selectors import pricing

RATE: Final = {"inputmode": "decimal", "autocomplete": "off", "step": "any"}
SALT: Final = "team.prices.import"
PREVIEW_AGE: Final = 3600
"""Seconds for which a preview can be taken."""


def _rate(label: Any, **options: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        min_value=0,
        max_digits=15,
        decimal_places=9,
        widget=forms.TextInput(attrs=RATE),
        **options,
    )


class CurrencyField(forms.CharField):
    """Three letters, large or small."""

    def __init__(self) -> None:
        attrs = {**CODE, "list": "currencies", "placeholder": "USD", "maxlength": 3}
        super().__init__(
            label=gettext_lazy("Currency"),
            max_length=3,
            validators=[CURRENCY],
            widget=forms.TextInput(attrs=attrs),
        )

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").upper()


class ProviderChoice(forms.ChoiceField):
    """A provider of the team, or every provider."""

    def __init__(self, **options: Any) -> None:
        super().__init__(label=gettext_lazy("Provider"), required=False, **options)
        self.providers: dict[str, Provider] = {}

    def fill(self) -> None:
        """Offer what there is now."""
        self.providers = {str(each.pk): each for each in pricing.priced_providers()}
        self.choices = [
            ("", _("Every provider")),
            *((pk, each.name) for pk, each in self.providers.items()),
        ]


class PriceForm(forms.Form):
    """What a model costs."""

    model = forms.CharField(
        label=gettext_lazy("Model"),
        max_length=300,
        help_text=gettext_lazy("Its name as it is sent, or a pattern: * stands for any characters."),
        widget=forms.TextInput(attrs={**CODE, "placeholder": "gpt-4o*"}),
    )
    provider = ProviderChoice()
    input = _rate(gettext_lazy("Input"))
    cached = _rate(gettext_lazy("Cached input"), required=False, help_text=gettext_lazy("Empty: as input."))
    output = _rate(gettext_lazy("Output"))
    currency = CurrencyField()

    def __init__(self, *args: Any, price: Price | None = None, currency: str = "USD", **kwargs: Any) -> None:
        """`price` is the one to change; `currency` what a new one begins with."""
        self.price = price
        kwargs["initial"] = {"currency": currency} if price is None else _initial(price)
        super().__init__(*args, **kwargs)
        self._provider.fill()

    @property
    def _provider(self) -> ProviderChoice:
        field = self.fields["provider"]
        assert isinstance(field, ProviderChoice)
        return field

    def save(self, *, actor: User) -> bool:
        """Keep it; False where the team refuses, with the reason in the form's errors."""
        values = services.PriceValues(
            model=self.cleaned_data["model"],
            provider=self._provider.providers.get(self.cleaned_data["provider"]),
            input=self.cleaned_data["input"],
            cached=self.cleaned_data["cached"],
            output=self.cleaned_data["output"],
            currency=self.cleaned_data["currency"],
        )
        try:
            services.price_set(actor=actor, values=values, price=self.price)
        except InvalidValue as problem:
            self.add_error(problem.field if problem.field in self.fields else None, problem.message)
            return False
        return True


def _initial(price: Price) -> dict[str, Any]:
    rates = {name: getattr(price, name) for name in ("input", "cached", "output")}
    shown = {name: "" if rate is None else f"{rate.normalize():f}" for name, rate in rates.items()}
    return {
        "model": price.model,
        "provider": str(price.provider_id or ""),
        "currency": price.currency,
        **shown,
    }


class PriceChoiceForm(forms.Form):
    """What of an uploaded file is to be taken. `held` is the file as it was read, signed, so that nothing waits here."""

    vendor = forms.ChoiceField(
        label=gettext_lazy("Vendor in the file"),
        required=False,
        help_text=gettext_lazy(
            "Of all vendors, only models are taken whose name has one price throughout the file."
        ),
    )
    provider = ProviderChoice(
        help_text=gettext_lazy("Whose answers these prices are for: yours may charge others than the vendor.")
    )
    free = forms.BooleanField(
        label=gettext_lazy("Take prices of 0 as free"),
        required=False,
        help_text=gettext_lazy("In this file 0 often says that nobody knew the price."),
    )
    held = forms.CharField(widget=forms.HiddenInput)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    """The choices whose preview the page shows: others are shown before they are taken."""

    def __init__(self, data: Any = None, *, file: PriceFile) -> None:
        self.file = file
        super().__init__(data, initial={"held": held_seal(file)})
        self._provider.fill()
        vendor = self.fields["vendor"]
        assert isinstance(vendor, forms.ChoiceField)
        vendor.choices = [
            ("", _("All vendors")),
            *((name, f"{name} ({count})") for name, count in file.vendors),
        ]

    @property
    def _provider(self) -> ProviderChoice:
        field = self.fields["provider"]
        assert isinstance(field, ProviderChoice)
        return field

    @property
    def chosen(self) -> Chosen:
        """The prices to take; call after `is_valid`."""
        values = self.cleaned_data
        return entries_choose(self.file, vendor=values["vendor"], free=values["free"])

    @property
    def choices_made(self) -> str:
        """The choices as text, to be told apart from others; call after `is_valid`."""
        return json.dumps([self.cleaned_data[name] for name in ("vendor", "provider", "free")])

    @property
    def chosen_provider(self) -> Provider | None:
        """For whose answers the prices are; call after `is_valid`."""
        return self._provider.providers.get(self.cleaned_data["provider"])


def held_seal(file: PriceFile) -> str:
    """Return a file's prices as text that nobody else can have written."""
    rows = [
        [
            each.vendor,
            each.model,
            str(each.input),
            None if each.cached is None else str(each.cached),
            str(each.output),
        ]
        for each in file.entries
    ]
    return signing.dumps([rows, dict(file.skipped)], salt=SALT, compress=True)


def held_read(text: str) -> PriceFile:
    """Return what `held_seal` made text of. Raises InvalidValue where it is not, or is too old."""
    try:
        rows, skipped = signing.loads(text, salt=SALT, max_age=PREVIEW_AGE)
    except signing.BadSignature as problem:
        raise InvalidValue("held", _("This preview is too old. Choose the file again.")) from problem
    entries = (_entry(*row) for row in rows)
    return PriceFile(tuple(entries), skipped)


def _entry(vendor: str, model: str, given: str, cached: str | None, out: str) -> Entry:
    return Entry(vendor, model, Decimal(given), None if cached is None else Decimal(cached), Decimal(out))


class BudgetForm(forms.Form):
    """How much a person or a key may spend in a month."""

    of = forms.ChoiceField(label=gettext_lazy("For"))
    amount = forms.DecimalField(
        label=gettext_lazy("Each month"),
        min_value=0,
        max_digits=12,
        decimal_places=2,
        widget=forms.TextInput(attrs=RATE),
        help_text=gettext_lazy("With 0, nothing new is run."),
    )
    currency = CurrencyField()

    def __init__(
        self, *args: Any, currency: str = "USD", budget: Budget | None = None, **kwargs: Any
    ) -> None:
        """`budget` is the one to change."""
        kwargs["initial"] = {"currency": currency} if budget is None else _budget_initial(budget)
        super().__init__(*args, **kwargs)
        self._targets: dict[str, User | ApiKey] = {}
        people = [(f"person-{each.pk}", each) for each in selectors.people()]
        keys = [(f"key-{each.pk}", each) for each in pricing.keys_all()]
        self._targets.update(people)
        self._targets.update(keys)
        field = self.fields["of"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            (_("People"), [(name, person.get_full_name()) for name, person in people]),
            (_("Keys"), [(name, key_label(key)) for name, key in keys]),
        ]

    def save(self, *, actor: User) -> None:
        services.budget_set(
            actor=actor,
            of=self._targets[self.cleaned_data["of"]],
            amount=self.cleaned_data["amount"],
            currency=self.cleaned_data["currency"],
        )


def _budget_initial(budget: Budget) -> dict[str, Any]:
    of = f"person-{budget.person_id}" if budget.person_id is not None else f"key-{budget.key_id}"
    return {"of": of, "amount": budget.amount, "currency": budget.currency}


def key_label(key: ApiKey) -> str:
    """Return what a key is called: its provider and whose it is; of the team's also its last characters."""
    if key.owner is None:
        return _("%(provider)s %(key)s, the team’s") % {"provider": key.provider.name, "key": key}
    names = {"provider": key.provider.name, "owner": key.owner.get_full_name()}
    return _("%(provider)s, the key of %(owner)s") % names
