"""Every URL of the site."""

from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import JavaScriptCatalog

from playground.cost_urls import urlpatterns as cost_urls
from playground.export_urls import urlpatterns as export_urls
from playground.preset_urls import urlpatterns as preset_urls
from playground.tool_urls import urlpatterns as tool_urls
from playground.tree_urls import urlpatterns as tree_urls
from playground.views import (
    attachment,
    body,
    column,
    columns,
    comments,
    history,
    inspector,
    message,
    objection,
    own_data,
    reference,
    run,
    search,
    usage,
    workbench,
)
from playground.views.health import healthz

urlpatterns: list[URLPattern | URLResolver] = [
    path("", workbench.home, name="workbench"),
    path("conversations/", workbench.conversation_create, name="conversation-create"),
    path("conversations/list/", history.conversation_list, name="conversation-list"),
    path("conversations/organise/", history.conversations_organise, name="conversations-organise"),
    path("conversations/<uuid:pk>/keeping/", history.conversation_keeping, name="conversation-keeping"),
    path("search/", search.search, name="search"),
    path("conversations/<uuid:pk>/at/<uuid:message>/", search.message_show, name="message-show"),
    path("conversations/<uuid:pk>/comments/", comments.conversation_comments, name="conversation-comments"),
    path("messages/<uuid:pk>/comments/", comments.message_comments, name="message-comments"),
    path("comments/<uuid:pk>/delete/", comments.comment_delete, name="comment-delete"),
    path("usage/", usage.usage, name="usage"),
    path("trash/", history.trash, name="trash"),
    path("trash/change/", history.trash_change, name="trash-change"),
    path("conversations/<uuid:pk>/", workbench.conversation, name="conversation"),
    path(
        "conversations/<uuid:pk>/before/<uuid:before>/", workbench.messages_earlier, name="messages-earlier"
    ),
    path("conversations/<uuid:pk>/rename/", workbench.conversation_rename, name="conversation-rename"),
    path("conversations/<uuid:pk>/delete/", workbench.conversation_delete, name="conversation-delete"),
    path("conversations/<uuid:pk>/columns/", columns.column_add, name="column-add"),
    path("conversations/<uuid:pk>/columns/sweep/", columns.columns_sweep, name="columns-sweep"),
    path("conversations/<uuid:pk>/columns/lead/", columns.columns_lead, name="columns-lead"),
    path("conversations/<uuid:pk>/columns/<int:column>/", columns.column_choose, name="column-choose"),
    path("conversations/<uuid:pk>/columns/<int:column>/remove/", columns.column_remove, name="column-remove"),
    path("conversations/<uuid:pk>/columns/<int:column>/move/", columns.column_move, name="column-move"),
    path("conversations/<uuid:pk>/settings/", column.column_settings, name="column-settings"),
    path("conversations/<uuid:pk>/parameters/", column.parameters, name="parameters"),
    path("conversations/<uuid:pk>/preview/", column.request_preview, name="request-preview"),
    path("conversations/<uuid:pk>/body/", body.body, name="body"),
    path("conversations/<uuid:pk>/body/reading/", body.body_reading, name="body-reading"),
    path("body/<slug:api>/", body.body_words, name="body-words"),
    path("conversations/<uuid:pk>/runs/<uuid:run_id>/", run.run_start, name="run-start"),
    path("conversations/<uuid:pk>/messages/", message.message_add, name="message-add"),
    path("conversations/<uuid:pk>/messages/reading/", message.message_reading, name="message-reading"),
    path("conversations/<uuid:pk>/messages/<uuid:message>/raw/", message.message_raw, name="message-raw"),
    path("conversations/<uuid:pk>/attachments/", attachment.attachment_upload, name="attachment-upload"),
    path(
        "conversations/<uuid:pk>/attachments/from-address/",
        attachment.attachment_from_address,
        name="attachment-from-address",
    ),
    path("attachments/<slug:digest>/", attachment.attachment, name="attachment"),
    path("attachments/<slug:digest>/thumbnail/", attachment.thumbnail, name="attachment-thumbnail"),
    *cost_urls,
    *tool_urls,
    *preset_urls,
    *tree_urls,
    path("exchanges/<uuid:pk>/rest/", message.exchange_rest, name="exchange-rest"),
    path("exchanges/<uuid:pk>/stop/", run.exchange_stop, name="exchange-stop"),
    path("exchanges/<uuid:pk>/objection/", objection.objection, name="objection"),
    *export_urls,
    path("exchanges/<uuid:pk>/", include("playground.inspector_urls")),
    path("exchanges/<uuid:pk>/<str:tab>/", inspector.tab, name="inspector-tab"),
    path("reference/", reference.reference_list, name="reference-list"),
    path("reference/<slug:api>/", reference.reference, name="reference"),
    path("", include("playground.share_urls")),
    path("accounts/", include("allauth.account.urls")),
    path("settings/data/", own_data.own_data, name="own-data"),
    path("settings/data/archive/", own_data.archive, name="own-data-archive"),
    path("settings/data/import/", own_data.archive_import, name="own-data-import"),
    path("settings/data/delete/", own_data.data_delete, name="own-data-delete"),
    path("settings/account/delete/", own_data.account_leave, name="account-delete"),
    path("settings/", include("team.urls")),
    path("jsi18n/", JavaScriptCatalog.as_view(packages=["playground"]), name="javascript-catalog"),
    path("healthz", healthz, name="healthz"),
]

handler400 = "playground.views.faults.bad_request"
