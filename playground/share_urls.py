"""The URLs of links: those of their owners, and what is below each link."""

from django.urls import path

from playground.views import share_copy, share_reader, shares

urlpatterns = [
    path("conversations/<uuid:pk>/share/", shares.share_dialog, name="share-dialog"),
    path("conversations/<uuid:pk>/share/preview/", shares.share_preview, name="share-preview"),
    path("conversations/<uuid:pk>/shares/", shares.share_create, name="share-create"),
    path("shares/<uuid:pk>/update/", shares.share_update, name="share-update"),
    path("shares/<uuid:pk>/revoke/", shares.share_revoke, name="share-revoke"),
    path("settings/shares/", shares.share_list, name="share-list"),
    path("s/<str:token>/", share_reader.share, name="share"),
    path("s/<str:token>/seen/", share_reader.share_seen, name="share-seen"),
    path("s/<str:token>/copy/", share_copy.share_copy, name="share-copy"),
    path("s/<str:token>/rerun/", share_copy.share_rerun, name="share-rerun"),
    path("s/<str:token>/export/<slug:kind>/", share_reader.share_export, name="share-export"),
    path(
        "s/<str:token>/exchanges/<int:number>/<slug:tab>/", share_reader.share_exchange, name="share-exchange"
    ),
    path("s/<str:token>/attachments/<slug:digest>/", share_reader.share_attachment, name="share-attachment"),
]
