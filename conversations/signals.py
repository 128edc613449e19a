"""What this package does when others say that something happens."""

from django.dispatch import receiver

from conversations.services.share import shares_rotate
from team.signals import vault_rotates


@receiver(vault_rotates, dispatch_uid="conversations.vault_rotates")
def _vault_rotates(sender: object, **_kwargs: object) -> int:
    """Seal the tokens of links anew."""
    del sender
    return shares_rotate()
