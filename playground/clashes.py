"""What two people do to the same thing at the same moment: an answer that says so, in place of a 500.

A view reads a row, and somebody deletes it before the view writes: Django's `save(update_fields=…)` finds nothing to
change, or a new row refers to one that is gone. Two deletions that reach into each other are ended by PostgreSQL, one
of them. In each case the transaction took everything back; the person is told and can go on.
"""

import logging
from typing import Final

from django.db import DatabaseError, IntegrityError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

from playground.views.signed_in import by_script, problem

logger = logging.getLogger(__name__)

_NOTHING_CHANGED: Final = (
    "did not affect any rows"  # Django's words; 6.0 has a class for it (Model.NotUpdated)
)
_FOREIGN_KEY: Final = "23503"  # SQLSTATE foreign_key_violation
_TRY_AGAIN: Final = {"40001", "40P01"}  # SQLSTATE serialization_failure, deadlock_detected


class ClashMiddleware(MiddlewareMixin):
    """Answers 404 for what was deleted meanwhile, 409 for a change that another one stood in the way of."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Return the answer to such an exception, None for any other."""
        if is_gone(exception):
            status, page = 404, "404.html"
            words = _("This is gone: somebody deleted it at this moment. Nothing was changed.")
        elif is_deadlock(exception):
            status, page = 409, "409.html"
            words = _("Somebody changed the same at this moment. Nothing was changed; try again.")
        else:
            return None
        logger.warning("%s %s met another change: %s", request.method, request.path, exception)
        return problem(status, words) if by_script(request) else render(request, page, status=status)


def is_gone(error: Exception) -> bool:
    """Whether a row that was to be changed or referred to is not there any more."""
    if isinstance(error, IntegrityError):
        return _code(error) == _FOREIGN_KEY or "FOREIGN KEY constraint failed" in str(error)
    return type(error) is DatabaseError and _NOTHING_CHANGED in str(error)


def is_deadlock(error: Exception) -> bool:
    """Whether the database ended a transaction that only has to be tried again."""
    return isinstance(error, OperationalError) and _code(error) in _TRY_AGAIN


def _code(error: Exception) -> str | None:
    code: str | None = getattr(error.__cause__, "sqlstate", None)
    return code
