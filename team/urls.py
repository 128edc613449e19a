"""Settings pages, below ``/settings/``."""

from django.urls import path
from django.views.generic import RedirectView

from team.views import profile, providers, team

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="profile"), name="settings"),
    path("profile/", profile.profile, name="profile"),
    path("providers/", providers.provider_list, name="provider-list"),
    path("providers/new/", providers.provider_create, name="provider-create"),
    path("providers/<uuid:pk>/", providers.provider, name="provider"),
    path("providers/<uuid:pk>/delete/", providers.provider_delete, name="provider-delete"),
    path("providers/<uuid:pk>/key/", providers.key_set, name="key-set"),
    path("providers/<uuid:pk>/key/remove/", providers.key_remove, name="key-remove"),
    path("providers/<uuid:pk>/test/", providers.provider_test, name="provider-test"),
    path("providers/<uuid:pk>/models/", providers.provider_models, name="provider-models"),
    path("team/", team.team, name="team"),
    path("team/settings/", team.team_settings, name="team-settings"),
    path("team/log/", team.audit_log, name="audit-log"),
    path("team/people/<int:pk>/", team.person_update, name="person-update"),
    path("team/invitations/", team.invitation_create, name="invitation-create"),
    path("team/invitations/<int:pk>/revoke/", team.invitation_revoke, name="invitation-revoke"),
]
