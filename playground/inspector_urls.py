"""Addresses below one exchange: parts of the inspector that are fetched when they are opened."""

from django.urls import path

from playground.views import inspector_parts as parts

urlpatterns = [
    path("text/", parts.text, name="exchange-text"),
    path("part/", parts.part, name="exchange-part"),
    path("image/<int:number>/", parts.image, name="exchange-image"),
    path("event/<int:number>/", parts.event, name="exchange-event"),
    path("replay/", parts.replay, name="exchange-replay"),
    path("prefix/", parts.prefix, name="exchange-prefix"),
    path("diff/", parts.exchange_diff, name="exchange-diff"),
]
