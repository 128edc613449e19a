"""What models cost, and how much may be spent in a month."""

from __future__ import annotations

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

CURRENCY = RegexValidator(r"\A[A-Z]{3}\Z", _("Three capital letters, such as USD, EUR or CNY."))


class Price(models.Model):
    """What a model costs now, per million tokens, in one currency; 0 says that it is free.

    `model` is a name, or a pattern in which each `*` stands for any characters. Without a provider the price counts for
    every provider. `cached` is for input that the provider had cached; None: as any other input. `since` is when these
    figures were set: what was answered before keeps the cost of its time.
    """

    provider = models.ForeignKey(
        "team.Provider", on_delete=models.CASCADE, null=True, blank=True, related_name="prices"
    )
    model = models.CharField(_("model"), max_length=300)
    is_pattern = models.BooleanField(default=False, editable=False)
    # Fifteen digits: SQLite keeps decimals as floating-point numbers, which hold as many exactly.
    input = models.DecimalField(
        _("input"), max_digits=15, decimal_places=9, validators=[MinValueValidator(0)]
    )
    cached = models.DecimalField(
        _("cached input"),
        max_digits=15,
        decimal_places=9,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    output = models.DecimalField(
        _("output"), max_digits=15, decimal_places=9, validators=[MinValueValidator(0)]
    )
    currency = models.CharField(_("currency"), max_length=3, validators=[CURRENCY])
    since = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        app_label = "team"
        ordering = ["model", "provider_id", "id"]
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        constraints = [
            models.UniqueConstraint(
                "provider", "model", condition=Q(provider__isnull=False), name="team_price_once"
            ),
            models.UniqueConstraint("model", condition=Q(provider__isnull=True), name="team_price_any_once"),
            models.CheckConstraint(
                condition=Q(input__gte=0, output__gte=0) & (Q(cached__isnull=True) | Q(cached__gte=0)),
                name="team_price_not_negative",
            ),
        ]
        indexes = [models.Index(fields=["id"], name="team_price_patterns", condition=Q(is_pattern=True))]

    def __str__(self) -> str:
        return f"{self.model} {self.input}/{self.output} {self.currency}"


class Budget(models.Model):
    """How much a person, or whoever uses a key, may spend in a calendar month; counts what is priced in its currency."""

    person = models.OneToOneField(
        "team.User", on_delete=models.CASCADE, null=True, blank=True, related_name="budget"
    )
    key = models.OneToOneField(
        "team.ApiKey", on_delete=models.CASCADE, null=True, blank=True, related_name="budget"
    )
    amount = models.DecimalField(
        _("amount"), max_digits=12, decimal_places=2, validators=[MinValueValidator(0)]
    )
    currency = models.CharField(_("currency"), max_length=3, validators=[CURRENCY])
    changed = models.DateTimeField(auto_now=True)

    class Meta:
        app_label = "team"
        verbose_name = _("budget")
        verbose_name_plural = _("budgets")
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=True, key__isnull=False)
                | Q(person__isnull=False, key__isnull=True),
                name="team_budget_of_one",
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="team_budget_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.amount:.2f} {self.currency}"
