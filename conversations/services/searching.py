"""Making what searches look through anew, for databases that were written to by other means."""

from django.db import connection, transaction

from conversations.models import Conversation, Message, SearchText
from conversations.models.searching import search_keep
from conversations.search_schema import search_schema_make

STEP = 500


def search_rebuild() -> int:
    """Read every title and message again and write what can be found of them; return how many there are.

    Safe beside a running server: each step is a transaction, and what is written meanwhile is kept as it is written.
    """
    search_schema_make(connection)
    for model in (Conversation, Message):
        last = None
        while True:
            rows = model._default_manager.order_by("pk")
            step = list((rows if last is None else rows.filter(pk__gt=last))[:STEP])
            if not step:
                break
            with transaction.atomic():
                search_keep(row for row in step if row.search_worthy())
            last = step[-1].pk
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO conversations_searchindex(conversations_searchindex) VALUES ('rebuild')"
            )
    return SearchText.objects.count()
