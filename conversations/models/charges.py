"""What answers cost, apart from what they say: this stays when a conversation goes."""

from decimal import Decimal
from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q

from conversations.models.exchanges import Exchange

NANO: Final = 1_000_000_000
"""Parts of one unit of a currency: whole numbers, so that sums are exact on every database."""


class Charge(models.Model):
    """What one exchange cost, reckoned once: from the usage its provider reported and the price of that moment.

    `nano` is the cost in billionths of `currency`, None while unknown: no price was set, or no usage came (then the token
    counts are None too). It holds no content, only who, with which key, which model and in which month (its first day);
    deleting a conversation does not undo what was spent, so the row stays without its exchange.
    """

    exchange = models.OneToOneField(Exchange, on_delete=models.SET_NULL, null=True, related_name="charge")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    provider = models.ForeignKey(
        "team.Provider", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    key = models.ForeignKey(
        "team.ApiKey", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    provider_name = models.CharField(max_length=200)
    model = models.CharField(max_length=300)
    month = models.DateField()
    tokens_in = models.PositiveIntegerField(null=True)
    tokens_cached = models.PositiveIntegerField(null=True)
    tokens_out = models.PositiveIntegerField(null=True)
    nano = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)

    class Meta:
        indexes = [
            # Rows are read by the hundred thousand: all that the page's sums read stands in one index, in the order in which
            # they are grouped. Each index is written whenever an answer ends, so there are no more.
            models.Index(fields=["person", "month", "key", "model", "currency", "nano"], name="charge_sums"),
            models.Index(fields=["key", "month", "currency", "nano"], name="charge_of_key"),
            models.Index(fields=["id"], name="charge_unknown", condition=Q(nano__isnull=True)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(nano__isnull=True, currency="") | Q(nano__isnull=False, nano__gte=0),
                name="charge_known_or_not",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.amount if self.amount is not None else '?'} {self.currency}"

    @property
    def amount(self) -> Decimal | None:
        """The cost in units of the currency, None while unknown."""
        return None if self.nano is None else Decimal(self.nano) / NANO
