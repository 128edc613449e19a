"""Sessions in the database, read by a prepared query: every request begins with it."""

from typing import Any, Final

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions
from django.contrib.sessions.models import Session
from django.utils import timezone

from team.prepared import Given, Prepared

_VALID: Final = Prepared(
    lambda: Session.objects.filter(session_key=Given("key"), expire_date__gt=Given("now"))
)


class SessionStore(DatabaseSessions):
    """Django's, which reads its row in its own words."""

    def _get_session_from_db(self) -> Any:
        session = _VALID.row(key=self.session_key, now=timezone.now())
        if session is None:
            self._session_key = None
        return session
