"""What runs came to: counts that stay when the conversation goes, without a word of what was said."""

from django.conf import settings
from django.db import models


class Usage(models.Model):
    """One person's ended exchanges with one model of one provider, begun in one hour or one day (UTC).

    Each exchange is counted twice, in its hour and in its day. `uncounted` are those without token counts. `details` is JSON
    text: `errors` maps a kind to how many ended so; `ttft` (ms) and `rate` (tokens per second) are histograms
    (`conversations.histogram`). Text, because a page reads thousands of rows at once.
    """

    class Span(models.TextChoices):
        HOUR = "hour"
        DAY = "day"

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    span = models.CharField(max_length=4, choices=Span)
    begins = models.DateTimeField()
    provider = models.CharField(max_length=200)
    model = models.CharField(max_length=300)
    completed = models.PositiveIntegerField(default=0)
    stopped = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    interrupted = models.PositiveIntegerField(default=0)
    tokens_in = models.PositiveBigIntegerField(default=0)
    tokens_out = models.PositiveBigIntegerField(default=0)
    uncounted = models.PositiveIntegerField(default=0)
    details = models.TextField(default="{}")

    class Meta:
        indexes = [models.Index(fields=["person", "span", "begins"], name="usage_person")]
        constraints = [
            models.UniqueConstraint(
                fields=["span", "begins", "person", "provider", "model"], name="usage_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.span} {self.begins:%F %H} {self.person_id} {self.provider} {self.model}"
