"""Django's middleware without its detours.

`MiddlewareMixin` sends every `process_request` and `process_response` to a thread, although most of them only look at
headers: some twenty hops for each request, a millisecond and more of the event loop that also carries the tokens.
These subclasses call what cannot block where they are, and go to the thread for the rest: a session that was changed
(database), messages that were used (session), the CSRF token of a large form (it parses the body), compressing.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from asgiref.sync import sync_to_async
from csp.middleware import CSPMiddleware as Csp
from django.contrib.auth.middleware import AuthenticationMiddleware as Authentication
from django.contrib.messages.middleware import MessageMiddleware as Messages
from django.contrib.sessions.middleware import SessionMiddleware as Session
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware as XFrameOptions
from django.middleware.common import CommonMiddleware as Common
from django.middleware.csrf import CsrfViewMiddleware as Csrf
from django.middleware.gzip import GZipMiddleware as GZip
from django.middleware.locale import LocaleMiddleware as Locale
from django.middleware.security import SecurityMiddleware as Security
from django.utils.deprecation import MiddlewareMixin

FORM_AT_ONCE: Final = 32 * 1024
"""Bytes of a form that are parsed in place: in less time than it takes to go to a thread and back."""
FORM: Final = "application/x-www-form-urlencoded"


class Inline(MiddlewareMixin):
    """Runs both halves of a middleware on the event loop, unless `response_blocks` says otherwise."""

    def response_blocks(self, request: HttpRequest) -> bool:  # noqa: ARG002 - for subclasses
        """Say whether `process_response` may wait for something."""
        return False

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        """Do what `MiddlewareMixin.__acall__` does, in place."""
        early = self.process_request(request) if hasattr(self, "process_request") else None
        response: HttpResponseBase = early or await self.get_response(request)  # type: ignore[misc]  # async mode
        if not hasattr(self, "process_response"):
            return response
        if self.response_blocks(request):
            return await sync_to_async(self.process_response)(request, response)  # type: ignore[no-any-return]
        return self.process_response(request, response)  # type: ignore[no-any-return]


class SecurityMiddleware(Inline, Security):
    """Looks at the scheme, sets headers."""


class CSPMiddleware(Inline, Csp):
    """Makes a nonce, sets the policy's header."""


class LocaleMiddleware(Inline, Locale):
    """Reads a cookie and a header, activates a language."""


class CommonMiddleware(Inline, Common):
    """Checks the host, resolves the path."""


class AuthenticationMiddleware(Inline, Authentication):
    """Sets `request.user`, which is read from the database only when somebody looks."""


class XFrameOptionsMiddleware(Inline, XFrameOptions):
    """Sets a header."""


class SessionMiddleware(Inline, Session):
    """Reads a cookie; a session that was changed is saved in a thread."""

    def response_blocks(self, request: HttpRequest) -> bool:
        """A changed session is written to the database."""
        return request.session.modified


class MessageMiddleware(Inline, Messages):
    """Keeps messages for the next page; they may be in the session."""

    def response_blocks(self, request: HttpRequest) -> bool:
        """Messages that were shown or added are stored again."""
        storage = getattr(request, "_messages", None)
        return storage is not None and (storage.used or storage.added_new)


class GZipMiddleware(Inline, GZip):
    """Compresses in a thread, where a long conversation may take its time; a client that does not ask is not sent there."""

    def response_blocks(self, request: HttpRequest) -> bool:
        """Whether there may be something to compress."""
        return "gzip" in request.headers.get("Accept-Encoding", "")


class CsrfViewMiddleware(Inline, Csrf):
    """Checks unsafe requests in a thread, where a form may take its time to be parsed; a short one where it is."""

    def __init__(self, get_response: Any) -> None:
        super().__init__(get_response)
        if self.async_mode:
            self.process_view = self._process_view  # type: ignore[method-assign,assignment]  # what the handler looks at

    async def _process_view(self, request: HttpRequest, callback: Any, args: Any, kwargs: Any) -> Any:
        check = super().process_view
        if request.method in ("GET", "HEAD", "OPTIONS", "TRACE") or _is_short_form(request):
            answer: Any = check(request, callback, args, kwargs)
            # The page of a refusal looks at who asks, which is read from the database.
            if isinstance(answer, _Refusal):
                return await sync_to_async(self._reject)(request, answer.reason)
            return answer
        return await sync_to_async(check)(request, callback, args, kwargs)

    def _reject(self, request: HttpRequest, reason: str) -> Any:
        on_loop = self.async_mode and _is_on_event_loop()
        return _Refusal(reason) if on_loop else super()._reject(request, reason)  # type: ignore[misc]  # Django's own, without types


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why a request was refused on the event loop; its page is still to be made."""

    reason: str


def _is_on_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _is_short_form(request: HttpRequest) -> bool:
    # The body has come; its declared length is no longer a promise.
    length = request.META.get("CONTENT_LENGTH") or ""
    return request.content_type == FORM and length.isdecimal() and int(length) <= FORM_AT_ONCE
