"""URLs of tools and structured output."""

from django.urls import URLPattern, path

from playground.views import tool_import, tools

urlpatterns: list[URLPattern] = [
    path("exchanges/<uuid:pk>/calls/<int:choice>/", tools.calls, name="tool-calls"),
    path("exchanges/<uuid:pk>/schemas/", tools.schemas, name="exchange-schemas"),
    path("conversations/<uuid:pk>/after/<uuid:message>/", tools.messages_after, name="messages-after"),
    path(
        "conversations/<uuid:pk>/results/<uuid:message>/<uuid:run_id>/",
        tools.results_send,
        name="results-send",
    ),
    path("conversations/<uuid:pk>/tool-loop/", tools.tool_loop, name="tool-loop"),
    path("tools/mocks/", tools.mocks, name="tool-mocks"),
    path("tools/mocks/new/", tools.mock_create, name="tool-mock-create"),
    path("tools/mocks/<uuid:pk>/", tools.mock_update, name="tool-mock-update"),
    path("tools/mocks/<uuid:pk>/delete/", tools.mock_delete, name="tool-mock-delete"),
    path("tools/import/", tool_import.tool_import, name="tool-import"),
    path("tools/code/", tool_import.schema_code, name="schema-code"),
]
