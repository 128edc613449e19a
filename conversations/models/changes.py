"""What people did to a tree by hand, with what takes it back."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from conversations.models.identity import new_id
from conversations.models.ordered_json import OrderedJSONField
from conversations.models.tree import Conversation


class TreeChange(models.Model):
    """One change of a tree by hand: how the rows were before it and after it.

    `rows` is a list of `{"id", "before", "after"}`, where `before` and `after` map the changed fields of that message to
    their values (`parent` an id or null, `deleted` whether it is gone). `leaves` is a list of `{"id", "before", "after"}`
    with the ids of columns and of their leaves. `columns` is empty, or `{"before", "after"}` with the ids of the columns
    from left to right. Kept for a day (`changes_purge`).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="changes")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    rows = OrderedJSONField(default=list)
    leaves = OrderedJSONField(default=list)
    columns = OrderedJSONField(default=dict)
    created = models.DateTimeField(default=timezone.now, db_index=True)
    undone = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.pk)
