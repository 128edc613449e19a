"""URLs of what leaves the playground and comes into it: code samples, exports, imports, the same bytes again."""

from django.urls import URLPattern, path

from playground.views import again, code, export, import_

urlpatterns: list[URLPattern] = [
    path("exchanges/<uuid:pk>/code/", code.code, name="code"),
    path("exchanges/<uuid:pk>/export/<slug:form>/", export.exchange_export, name="exchange-export"),
    path(
        "conversations/<uuid:pk>/export/<slug:form>/", export.conversation_export, name="conversation-export"
    ),
    path("exchanges/<uuid:pk>/again/", again.again, name="again"),
    path("exchanges/<uuid:pk>/again/<uuid:run_id>/", again.again_start, name="again-start"),
    path("exchanges/<uuid:pk>/beside/<uuid:other>/", again.beside, name="beside"),
    path("import/", import_.import_page, name="import"),
    path("import/preview/", import_.import_preview, name="import-preview"),
    path("import/make/", import_.import_make, name="import-make"),
]
