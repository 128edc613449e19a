"""What can go wrong between us and a provider: one typed tree.

::

    UpstreamError
     ├── AuthenticationFailed    401: no key, a wrong key, a key without access
     ├── PermissionDenied        403, 402: the key is known, but may not (or cannot pay for) this
     ├── ModelNotFound           the provider does not know the model's name
     ├── NotFound                404 for anything else: usually a wrong base URL
     ├── RateLimited             429: too many requests or tokens, or the quota is used up
     ├── InvalidRequest          other 4xx: the provider refuses the request; ``param`` says where
     ├── ContentFiltered         the provider's filter refused the request or cut the answer
     ├── UpstreamUnavailable     502, 503, 504, 529 …: overloaded or down; later may work
     ├── UpstreamFailed          other 5xx, or an error sent inside a stream
     ├── AddressForbidden        the address guard refuses to connect there
     ├── NameNotResolved         DNS does not know the host
     ├── ConnectFailed           nobody listens, or the network is unreachable
     ├── TlsFailed               the certificate or the handshake is not acceptable
     ├── ConnectTimeout          no connection within the time allowed
     ├── FirstByteTimeout        connected, but no answer began in time
     ├── IdleTimeout             the answer began, then nothing came for too long
     ├── ConnectionCut           the connection ended in the middle of the answer
     ├── StreamTooLong           the answer is larger than the bound
     └── ProtocolViolation       what came back is not a chat-completions answer

``kind`` is the class name in snake case: stable, stored with the exchange, translated by the page.
"""

import re
from typing import Any, ClassVar

from upstream.wire.jsontext import storable

RAW_LIMIT = 16_384
"""Characters of the raw body kept with an error; the whole body is in the trace."""

KINDS: dict[str, type["UpstreamError"]] = {}
"""Every kind and its class, filled as the classes are defined."""


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class UpstreamError(Exception):
    """Something went wrong with a provider; never raised itself, always as a subclass.

    ``message``      a sentence about what happened, the provider's own words first
    ``advice``       a sentence about what to do next
    ``status``       HTTP status of the response, None when there was none
    ``code``, ``param``, ``type``   as the provider sent them (``code`` may be a number)
    ``retry_after``  seconds the provider asks to wait
    ``raw``          raw body, at most RAW_LIMIT characters
    ``sent``         False only where nothing of the request had been sent: such a request may be repeated
    """

    sent: bool = True
    kind: ClassVar[str] = "upstream_error"
    default_advice: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.kind = _snake(cls.__name__)
        KINDS[cls.kind] = cls

    def __init__(
        self,
        message: str,
        *,
        advice: str = "",
        status: int | None = None,
        code: str | int | None = None,
        param: str | None = None,
        type: str | None = None,
        retry_after: float | None = None,
        raw: str = "",
    ) -> None:
        message = storable(message)
        super().__init__(message)
        self.message = message
        self.advice = advice or self.default_advice
        self.status = status
        self.code = code
        self.param = param
        self.type = type
        self.retry_after = retry_after
        self.raw = storable(raw[:RAW_LIMIT])

    def __str__(self) -> str:
        return self.message

    def to_json(self) -> dict[str, Any]:
        """Return the error as plain JSON data, ``kind`` first."""
        return {
            "kind": self.kind,
            "message": self.message,
            "advice": self.advice,
            "status": self.status,
            "code": self.code,
            "param": self.param,
            "type": self.type,
            "retry_after": self.retry_after,
            "raw": self.raw,
        }


class AuthenticationFailed(UpstreamError):
    default_advice = "Check the API key of this provider."


class PermissionDenied(UpstreamError):
    default_advice = "Check what this API key may use, and the balance of its account."


class ModelNotFound(UpstreamError):
    default_advice = "Choose another model, or refresh the provider's model list."


class NotFound(UpstreamError):
    default_advice = "Check the provider's base URL; it usually ends with /v1."


class RateLimited(UpstreamError):
    default_advice = "Wait a moment, then send again."


class InvalidRequest(UpstreamError):
    default_advice = "Change the request and send again."


class ContentFiltered(UpstreamError):
    default_advice = "The provider's content filter stepped in. Rephrase the messages and send again."


class UpstreamUnavailable(UpstreamError):
    default_advice = "The provider is overloaded or down. Try again later, or use another provider."


class UpstreamFailed(UpstreamError):
    default_advice = "The provider failed. Try again; if it goes on, use another model or provider."


class AddressForbidden(UpstreamError):
    default_advice = "Ask an administrator to allow this address."


class NameNotResolved(UpstreamError):
    default_advice = "Check the host name in the base URL."


class ConnectFailed(UpstreamError):
    default_advice = "Check the base URL, and that the server runs and can be reached from here."


class TlsFailed(UpstreamError):
    default_advice = "Check the server's certificate, or whether the base URL should begin with http://."


class ConnectTimeout(UpstreamError):
    default_advice = "Check the base URL and the network between this server and the provider."


class FirstByteTimeout(UpstreamError):
    default_advice = "Try again, or raise this provider's first-byte time-out."


class IdleTimeout(UpstreamError):
    default_advice = "Try again, or raise this provider's idle time-out."


class ConnectionCut(UpstreamError):
    default_advice = "The text so far is kept. Send again to get a complete answer."


class StreamTooLong(UpstreamError):
    default_advice = "The text so far is kept. Ask for a shorter answer."


class ProtocolViolation(UpstreamError):
    default_advice = "Check that the base URL leads to a chat-completions API."
