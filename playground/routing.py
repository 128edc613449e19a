"""The site's websocket URLs."""

from channels.routing import URLRouter
from django.urls import path

from playground.consumers import ExchangeConsumer

# Django types `path` for pages only; Channels routes sockets with it.
sockets = URLRouter([path("ws/exchanges/", ExchangeConsumer.as_asgi())])  # type: ignore[arg-type, list-item]  # see above
