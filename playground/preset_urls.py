"""URLs of presets."""

from django.urls import URLPattern, path

from playground.views import presets

urlpatterns: list[URLPattern] = [
    path("presets/", presets.presets, name="presets"),
    path("presets/new/", presets.preset_create, name="preset-create"),
    path("presets/<uuid:pk>/", presets.preset, name="preset"),
    path("presets/<uuid:pk>/save/", presets.preset_save, name="preset-save"),
    path("presets/<uuid:pk>/change/", presets.preset_change, name="preset-change"),
    path("presets/<uuid:pk>/pin/", presets.preset_pin, name="preset-pin"),
    path("presets/<uuid:pk>/delete/", presets.preset_delete, name="preset-delete"),
    path("presets/<uuid:pk>/revert/<int:number>/", presets.preset_revert, name="preset-revert"),
    path("conversations/<uuid:pk>/presets/<uuid:preset>/", presets.preset_apply, name="preset-apply"),
    path(
        "conversations/<uuid:pk>/settings/from/<uuid:exchange>/", presets.settings_take, name="settings-take"
    ),
]
