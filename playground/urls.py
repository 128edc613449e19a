"""Every URL of the site."""

from django.urls import URLPattern, URLResolver, path

from playground.views.health import healthz

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
]
