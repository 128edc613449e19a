"""Settings kept under a name, version by version."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from conversations.models.identity import new_id
from conversations.models.ordered_json import OrderedJSONField


class Preset(models.Model):
    """A name for settings; what they are stands in its versions. One that is `shared` can be used by the whole team."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="presets")
    name = models.CharField(max_length=100)
    shared = models.BooleanField(default=False)
    pinned_by = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="pinned_presets")
    created = models.DateTimeField(default=timezone.now)
    updated = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["owner", "name"], name="preset_owner_name")]

    def __str__(self) -> str:
        return self.name


class PresetVersion(models.Model):
    """What a preset was at one time. Versions are added, never changed; the highest `number` is the one in use.

    `settings` has the shape of a column's: provider, model, system, parameters (name → JSON source text). Its system prompt
    and `message` may hold `{{variables}}`; `variables` says of each, in the order of the form, what it takes:
    `{"name", "kind", "default", "choices"}`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    preset = models.ForeignKey(Preset, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    settings = OrderedJSONField(default=dict)
    message = models.TextField(blank=True)
    variables = OrderedJSONField(default=list)
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["preset", "number"], name="preset_version_number")]

    def __str__(self) -> str:
        return f"{self.preset_id} {self.number}"
