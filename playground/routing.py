"""The site's websocket URLs."""

from django.urls import path

from playground.consumers import ExchangeConsumer

websocket_urlpatterns = [path("ws/exchanges/", ExchangeConsumer.as_asgi())]
