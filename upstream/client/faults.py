"""From what httpx, aiohttp and the system raise to the one tree of upstream errors.

The class that reaches us says little: through httpx, a refused connection, a bad certificate and a cut after the
request was sent are all `ConnectTimeout`. So the original (`__cause__`) is judged, and what had been sent by then.
"""

import os
import socket
import ssl

import aiohttp
import httpx
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong

from upstream.client.attempt import Attempt
from upstream.wire.errors import (
    ConnectFailed,
    ConnectionCut,
    ConnectTimeout,
    FirstByteTimeout,
    NameNotResolved,
    ProtocolViolation,
    TlsFailed,
    UpstreamError,
)

NETWORK_ERRORS = (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError, ValueError)
"""All that sending a request may raise for reasons outside this program, besides UpstreamError."""


def fault_of(error: BaseException, attempt: Attempt) -> UpstreamError:
    """The upstream error for what went wrong before the response's head was there."""
    cause = error.__cause__ if isinstance(error, httpx.HTTPError) and error.__cause__ else error
    if not attempt.sent:
        return _unsent(cause, attempt)
    if isinstance(cause, aiohttp.ClientResponseError):
        return ProtocolViolation(f"What {attempt.origin} answered is not valid HTTP: {_words(_root(cause))}.")
    if isinstance(cause, aiohttp.ClientConnectionError | OSError):
        return ConnectionCut(
            f"{attempt.origin} closed the connection before it answered.",
            advice="Send again. If it goes on, look at the provider's own log.",
        )
    return ProtocolViolation(f"The answer of {attempt.origin} cannot be read: {_words(cause)}.")


def timeout_of(attempt: Attempt) -> UpstreamError:
    """The upstream error for a deadline that passed before the response's head was there."""
    if attempt.sent:
        seconds = attempt.timeouts.first_byte
        return FirstByteTimeout(
            f"{attempt.origin} took the request, but sent nothing for {seconds:g} seconds."
        )
    step = "TLS handshake" if "connect" in attempt.marks else "connection"
    return ConnectTimeout(f"No {step} with {attempt.origin} within {attempt.timeouts.connect:g} seconds.")


def body_fault_of(error: BaseException, origin: str) -> UpstreamError:
    """The upstream error for a response whose body broke off or could not be read."""
    # A body that ended early is a "payload error" whatever parser's error is inside it.
    if not isinstance(error, aiohttp.ClientPayloadError) and isinstance(_root(error), HttpProcessingError):
        return ProtocolViolation(f"What {origin} answered is not valid HTTP: {_words(_root(error))}.")
    return ConnectionCut(f"{origin} closed the connection in the middle of the answer.")


def reason_of(error: BaseException) -> BaseException | None:
    """What to chain as the cause: the system's own error, without the wrappers that hold URL and headers.

    None for the HTTP library's errors, which quote what was sent and received: a key may be in it.
    """
    root = _root(error)
    return root if isinstance(root, OSError) and not isinstance(root, aiohttp.ClientError) else None


def _unsent(cause: BaseException, attempt: Attempt) -> UpstreamError:
    origin = attempt.origin
    if attempt.refusals and len(attempt.refusals) == attempt.tried:
        return attempt.refusals[0]
    reason = _root(cause)
    match cause:
        case aiohttp.ClientConnectorDNSError():
            return NameNotResolved(f"The name {attempt.url.host} cannot be resolved: {_words(reason)}.")
        case aiohttp.ClientConnectorCertificateError():
            return TlsFailed(f"The certificate of {origin} is not accepted: {_words(reason)}.")
        case aiohttp.ClientConnectorSSLError() | aiohttp.ClientSSLError():
            return TlsFailed(f"The TLS handshake with {origin} failed: {_words(reason)}.")
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return ConnectFailed(f"The proxy does not connect to {origin}: {_words(reason)}.")
        case aiohttp.ClientConnectionError() | OSError() if "connect" in attempt.marks:
            # "connect" without "tls" is marked by the handshake's beginning only.
            return TlsFailed(f"{origin} closed the connection during the TLS handshake.")
        case aiohttp.ClientConnectionError() | OSError():
            return ConnectFailed(f"No connection to {origin}: {_words(reason)}.")
    return ConnectFailed(f"The request to {origin} cannot be sent: {_words(cause)}.")


def _root(error: BaseException) -> BaseException:
    """The first cause: aiohttp and httpx wrap what the system or the parser said."""
    seen = {id(error)}
    while True:
        inner = getattr(error, "os_error", None) or error.__cause__
        if not isinstance(inner, BaseException) or id(inner) in seen:
            return error
        seen.add(id(inner))
        error = inner


def _words(error: BaseException) -> str:
    """What an error says, in one short line without its Python wrapping."""
    match error:
        case ssl.SSLCertVerificationError():
            text = error.verify_message
        case ssl.SSLError():
            text = (error.reason or str(error)).replace("_", " ").lower()
        case socket.gaierror():
            text = error.strerror or str(error)
        case OSError() if error.errno:
            text = os.strerror(error.errno)  # asyncio puts the address into the error's own words
        case LineTooLong():
            text = "a line of its head is too long"  # the error's own words quote the line
        case HttpProcessingError():
            text = error.message.partition("\n")[0].lower()
        case _:
            text = str(error)
    first = next((line.strip() for line in text.splitlines() if line.strip()), type(error).__name__)
    return first.rstrip(".:")[:200]
