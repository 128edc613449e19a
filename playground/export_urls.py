"""URLs of what leaves the playground and comes into it: code samples, exports, imports, the same request once more."""

from django.urls import URLPattern, path

from playground.views import code

urlpatterns: list[URLPattern] = [
    path("exchanges/<uuid:pk>/code/", code.code, name="code"),
]
