"""Re-encrypt every stored secret under the newest vault key."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from team.services import vault_rotate
from team.vault import VaultError


class Command(BaseCommand):
    help = (
        "Re-encrypt all API keys and extra headers under the first key of the vault. To change the key: put a new "
        "line on top of the file vault_keys in the data folder, restart every server, run this, then delete the old "
        "lines and restart again."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            count = vault_rotate()
        except VaultError as problem:
            self.stderr.write(f"Nothing was changed: {problem}. Restore the missing line of vault_keys.")
            sys.exit(1)
        self.stdout.write(f"{count} secrets are encrypted under the first vault key now.")
