"""Make what the database searches with, and fill it with what is there already."""

from django.db import migrations

from conversations import search_schema
from conversations.folding import MAX_INDEXED, fold

BATCH = 500


def schema_make(apps, schema_editor):
    search_schema.search_schema_make(schema_editor.connection)


def schema_drop(apps, schema_editor):
    search_schema.search_schema_drop(schema_editor.connection)


def fill(apps, schema_editor):
    """Find what was written before there was an index, as `Message.search_row` and `Conversation.search_row` do it."""
    SearchText = apps.get_model("conversations", "SearchText")
    rows = []

    def add(**values):
        rows.append(SearchText(**values))
        if len(rows) == BATCH:
            flush()

    def flush():
        SearchText.objects.bulk_create(rows)
        rows.clear()

    for pk, title in apps.get_model("conversations", "Conversation").objects.values_list("pk", "title"):
        if title:
            add(subject=pk, conversation_id=pk, text=fold(title))
    messages = apps.get_model("conversations", "Message")._base_manager.order_by("pk")
    fields = ("pk", "conversation_id", "role", "content", "tool_calls")
    for pk, conversation_id, role, content, tool_calls in messages.values_list(*fields).iterator(BATCH):
        kinds = {part.get("type") for part in content}
        text = "".join(part.get(kind, "") for kind in ("text", "refusal") for part in content if part.get("type") == kind)
        tools = bool(tool_calls) or role in ("tool", "function")
        images = bool(kinds & {"image_url", "image"})
        if text or tools or images:
            add(
                subject=pk,
                conversation_id=conversation_id,
                message_id=pk,
                text=fold(text[:MAX_INDEXED]),
                has_images=images,
                has_tools=tools,
            )
    flush()


class Migration(migrations.Migration):
    dependencies = [("conversations", "0008_organise_and_search")]

    operations = [
        migrations.RunPython(schema_make, schema_drop),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
