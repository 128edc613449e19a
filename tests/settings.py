"""The product's settings, for tests: this run's own servers and folders, and nothing collected or slow."""

from tests import servers

servers.prepare()  # first: the settings read what it puts into the environment

from playground.settings import *  # noqa: E402, F403

# Hashed names of static files are for served processes; here templates may name what nobody collected.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
