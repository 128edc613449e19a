"""What can be refused here, and why.

TeamError
├── KeyMissing        the provider wants a key and nobody gave one that this person may use
├── KeyUnbound        there is a key (or extra headers), but for another origin or another vault
├── InvalidValue      one value of a provider cannot be used; names its field
├── SignupRefused     this person may not make an account now
├── InvitationRefused the invitation cannot be changed any more
├── BudgetSpent       a monthly budget of the person or of the key is used up
└── LastAdministrator the team would be left without an administrator

``NotFound`` is Django's 404: a row that is missing and a row that belongs to somebody else look the same.
"""

from __future__ import annotations

from django.http import Http404


class NotFound(Http404):
    """There is no such thing for this person."""


class TeamError(Exception):
    """Base of everything the team refuses; ``message`` is a sentence for the person who asked."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = str(message)


class KeyMissing(TeamError):
    """No API key is there for this person and provider."""


class KeyUnbound(TeamError):
    """A secret exists, but it was given for another origin; it has to be typed again."""


class InvalidValue(TeamError):
    """One value of a provider cannot be used."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class SignupRefused(TeamError):
    """No account may be made: sign-up is closed, or the link or token is not valid."""


class InvitationRefused(TeamError):
    """The invitation was used or revoked before."""


class BudgetSpent(TeamError):
    """A budget of this month is used up; nothing new is run on it until it is raised or the month ends."""


class LastAdministrator(TeamError):
    """The change would leave the team without an active administrator."""
