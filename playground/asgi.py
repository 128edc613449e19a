"""The ASGI application; any server can run it (`manage.py serve` runs it on daphne).

From the outside in: who is calling, headers, body size, static files, a thread, then Django or the sockets.
"""

import os
from typing import cast

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "playground.settings")
_pages = get_asgi_application()  # first: what follows imports models

from channels.routing import ProtocolTypeRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler  # noqa: E402

from playground.edge.bodies import BodyLimit  # noqa: E402
from playground.edge.headers import SecurityHeaders  # noqa: E402
from playground.edge.origins import SameOriginSockets  # noqa: E402
from playground.edge.proxies import TrustedProxies  # noqa: E402
from playground.edge.static_files import StaticFiles  # noqa: E402
from playground.edge.threads import RequestThreads, requests_begin_in_their_threads  # noqa: E402
from playground.edge.types import App  # noqa: E402
from playground.lifespan import Lifespan  # noqa: E402
from playground.routing import sockets  # noqa: E402


def _http() -> App:
    pages = cast(App, ASGIStaticFilesHandler(_pages) if settings.DEBUG else _pages)
    static = StaticFiles(RequestThreads(pages), root=settings.STATIC_ROOT, prefix=settings.STATIC_URL)
    limited = BodyLimit(
        static, form_bytes=settings.DATA_UPLOAD_MAX_MEMORY_SIZE, upload_bytes=settings.MAX_BODY_BYTES
    )
    return SecurityHeaders(limited)


def _sockets() -> App:
    return SameOriginSockets(
        cast(App, sockets),
        allowed_hosts=settings.ALLOWED_HOSTS,
        trusted=settings.CSRF_TRUSTED_ORIGINS,
    )


requests_begin_in_their_threads()
_router = cast(App, ProtocolTypeRouter({"http": _http(), "websocket": _sockets()}))
application = Lifespan(
    TrustedProxies(_router, networks=settings.TRUSTED_PROXIES), grace=settings.GRACE_SECONDS
)
