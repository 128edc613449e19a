"""Django settings; every value that differs between installations comes from `playground.environment`."""

import os
from typing import Any

from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _
from whitenoise.compress import Compressor

from playground.environment import environment_read
from playground.environment_values import BASE_DIR

ENVIRONMENT = environment_read(os.environ)

# What the rest of the product reads
HOST = ENVIRONMENT.host
PORT = ENVIRONMENT.port
PUBLIC_URL = ENVIRONMENT.public_url
DATA_DIR = ENVIRONMENT.data_dir
REDIS_URL = ENVIRONMENT.redis_url
LOCAL_MODEL = ENVIRONMENT.local_model
PROVIDERS = ENVIRONMENT.providers
PRIVATE_HOSTS = ENVIRONMENT.private_hosts
TRUSTED_PROXIES = ENVIRONMENT.trusted_proxies
GRACE_SECONDS = ENVIRONMENT.grace_seconds
RUNS_PER_PERSON = ENVIRONMENT.runs_per_person
RUNS_PER_PROVIDER = ENVIRONMENT.runs_per_provider
VAULT_KEYS = ENVIRONMENT.vault_keys

DEBUG = ENVIRONMENT.debug
SECRET_KEY = ENVIRONMENT.secret_key
ALLOWED_HOSTS = ENVIRONMENT.allowed_hosts

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "channels",
    "csp",
    "allauth",
    "allauth.account",
    "team",
    "conversations",
    "playground",
]
# Every one of these is async capable: a middleware that is not would push each async view into a thread.
# `tests/playground/test_serve.py` checks it; `playground.middleware` says what our subclasses are for.
MIDDLEWARE = [
    "playground.middleware.SecurityMiddleware",
    "playground.middleware.CSPMiddleware",
    "playground.middleware.GZipMiddleware",
    "playground.middleware.SessionMiddleware",
    "playground.middleware.LocaleMiddleware",
    "playground.middleware.CommonMiddleware",
    "playground.middleware.CsrfViewMiddleware",
    "playground.middleware.AuthenticationMiddleware",
    "playground.middleware.MessageMiddleware",
    "playground.middleware.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "playground.clashes.ClashMiddleware",
]
ROOT_URLCONF = "playground.urls"
ASGI_APPLICATION = "playground.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ]
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Database, cache
DATABASES: dict[str, dict[str, Any]] = {"default": ENVIRONMENT.database}
CACHES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}
if REDIS_URL:
    CACHES["default"] = {
        "BACKEND": "playground.cache.SharedCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "playground",
        "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2},
    }

# People
AUTH_USER_MODEL = "team.User"
SESSION_ENGINE = "team.selectors.sessions"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "team.adapters.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "team.forms.LoginForm",
    "signup": "team.forms.SignupForm",
    "add_email": "team.forms.EmailForm",
    "change_password": "team.forms.ChangePasswordForm",
    "reset_password_from_key": "team.forms.ResetPasswordKeyForm",
}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
# An invitation already names the person, and mail goes to the console by default: nothing would be proven by it.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Chat Playground] "
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if PUBLIC_URL.startswith("https://") else "http"
ACCOUNT_USERNAME_MIN_LENGTH = 2

# Mail
EMAIL_BACKEND = ENVIRONMENT.email["EMAIL_BACKEND"]
EMAIL_HOST = ENVIRONMENT.email.get("EMAIL_HOST", "localhost")
EMAIL_PORT = ENVIRONMENT.email.get("EMAIL_PORT", 25)
EMAIL_HOST_USER = ENVIRONMENT.email.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = ENVIRONMENT.email.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_SSL = ENVIRONMENT.email.get("EMAIL_USE_SSL", False)
EMAIL_USE_TLS = ENVIRONMENT.email.get("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = ENVIRONMENT.email.get("EMAIL_TIMEOUT", 20)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENVIRONMENT.email["DEFAULT_FROM_EMAIL"]

# Browser security
HTTPS = PUBLIC_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF],
        "media-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
        "base-uri": [NONE],
    }
}
SILENCED_SYSTEM_CHECKS = [
    "security.W001",  # the check looks for Django's own name; ours is a subclass, as for the next two
    "security.W002",
    "security.W003",
    "security.W004",  # HSTS follows PUBLIC_URL
    "security.W005",  # other hosts of the domain are not ours to decide about
    "security.W008",  # plain HTTP is redirected by the proxy that ends TLS; the health check comes without it
    "security.W012",  # secure cookies follow PUBLIC_URL
    "security.W016",
    "security.W021",
]

# Request bodies; playground.asgi answers 413 past these before Django reads the body.
# Message and system prompt may have forms.MESSAGE_MAX characters each: up to 4 bytes as multipart, 12 in a plain form.
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024  # bytes of form fields or JSON
MAX_BODY_BYTES = 32 * 1024 * 1024  # bytes of a multipart body, files included
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# Language and time
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

# Static files
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# Only somebody who debugs asks for a source map: packing them would take most of the time.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")
MEDIA_ROOT = DATA_DIR / "uploads"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"masked": {"()": "playground.logs.MaskingFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "masked"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
        **{name: {"level": "INFO"} for name in ("upstream", "team", "conversations", "playground")},
        # These write whole URLs at INFO, and a URL may carry a key.
        **{name: {"level": "WARNING"} for name in ("httpx", "httpcore", "aiohttp", "asyncio", "daphne")},
    },
}
