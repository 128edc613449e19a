"""URLs of the tree, of its news, and of who may see it."""

from django.urls import URLPattern, path

from playground.views import live, tree, visibility

urlpatterns: list[URLPattern] = [
    path("conversations/<uuid:pk>/show/<uuid:message>/", tree.branch_show, name="branch-show"),
    path("conversations/<uuid:pk>/news/", live.conversation_news, name="conversation-news"),
    path("conversations/<uuid:pk>/map/", live.conversation_map, name="conversation-map"),
    path("conversations/<uuid:pk>/visibility/", visibility.visibility, name="visibility"),
    path("conversations/<uuid:pk>/messages/insert/", tree.message_insert, name="message-insert"),
    path("conversations/<uuid:pk>/messages/<uuid:message>/edit/", tree.message_edit, name="message-edit"),
    path(
        "conversations/<uuid:pk>/messages/<uuid:message>/delete/", tree.message_delete, name="message-delete"
    ),
    path("conversations/<uuid:pk>/messages/<uuid:message>/move/", tree.message_move, name="message-move"),
    path(
        "conversations/<uuid:pk>/messages/<uuid:message>/continue/",
        tree.branch_continue,
        name="branch-continue",
    ),
    path("conversations/<uuid:pk>/messages/<uuid:message>/copy/", tree.branch_copy, name="branch-copy"),
    path("conversations/<uuid:pk>/changes/<uuid:change>/undo/", tree.change_undo, name="change-undo"),
]
