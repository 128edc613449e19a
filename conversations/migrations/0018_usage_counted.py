from collections.abc import Iterator
from typing import Any

from django.db import migrations

from conversations.tally import COUNTS, FROM, tallies_of


def count(apps: Any, _schema_editor: Any) -> None:
    exchanges, usage = apps.get_model("conversations", "Exchange"), apps.get_model("conversations", "Usage")
    tallies = tallies_of(exchanges.objects.values_list(*FROM).iterator(chunk_size=2000))

    def rows() -> Iterator[Any]:
        for place, tally in tallies.items():
            counts = {name: getattr(tally, name) for name in COUNTS}
            yield usage(
                span=place.span,
                begins=place.begins,
                person_id=place.person,
                provider=place.provider,
                model=place.model,
                details=tally.details,
                **counts,
            )

    usage.objects.bulk_create(rows(), batch_size=500)


class Migration(migrations.Migration):
    dependencies = [("conversations", "0017_usage")]

    operations = [migrations.RunPython(count, migrations.RunPython.noop)]
