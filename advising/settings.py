"""Settings of the portal. Every value a school may change comes from the environment: see .env.example."""

from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.read_env(BASE_DIR / ".env")  # what the caller's environment says already wins

DEBUG = env.bool("DEBUG", default=False)


def required_in_production(name, meaning, default, cast=env.str):
    """Return the setting `name`, or `default` while developing; raise ImproperlyConfigured where production lacks it."""
    value = cast(name, default=default if DEBUG else None)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. It is {meaning}; production does not start without it.")
    return value


# The school

SCHOOL_NAME = env("SCHOOL_NAME", default="Northwestern University Feinberg School of Medicine")
ACCENT_COLOR = env("ACCENT_COLOR", default="")
TIME_ZONE = env("TIME_ZONE", default="America/Chicago")
OFFICE_EMAIL = env("OFFICE_EMAIL", default="advising-office@localhost")
OFFICE_DAYS = env.int("OFFICE_DAYS", default=5)
HOLIDAYS = env.list("HOLIDAYS", default=[])

# The site

SECRET_KEY = required_in_production(
    "SECRET_KEY", "a long random text that signs sessions", default=get_random_secret_key()
)
ALLOWED_HOSTS = required_in_production(
    "ALLOWED_HOSTS",
    "the host names the portal answers to, with commas between",
    default=["127.0.0.1", "localhost", "[::1]"],
    cast=env.list,
)
PORT = env.int("PORT", default=8000)
SITE_URL = env(
    "SITE_URL",
    default=f"http://127.0.0.1:{PORT}" if DEBUG else f"https://{ALLOWED_HOSTS[0].lstrip('.')}",
).rstrip("/")
if "*" in SITE_URL:
    raise ImproperlyConfigured("SITE_URL is not set. With * in ALLOWED_HOSTS, links in e-mails need it.")

ROOT_URLCONF = "advising.urls"
WSGI_APPLICATION = "advising.wsgi.application"

INSTALLED_APPS = [
    "advising",
    "requests_app",
    "specialties",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_prose_editor",
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "advising.middleware.ContentSecurityPolicyMiddleware",
    "advising.middleware.OwnErrorPages",
    "advising.middleware.limit_body",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["django.templatetags.static", "lucide.templatetags.lucide"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "advising.context_processors.school",
            ],
        },
    },
]

CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
CRISPY_FAIL_SILENTLY = not DEBUG

# What is kept, and where

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
DATABASE = DATABASES["default"]
DATABASE["CONN_MAX_AGE"] = 0 if DEBUG else 60  # seconds; runserver makes a thread, so a connection, per request
DATABASE["CONN_HEALTH_CHECKS"] = True
if DATABASE["ENGINE"] == "django.db.backends.sqlite3":
    DATABASE["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL",
    }

CACHES = {"default": env.cache_url("CACHE_URL", default="locmemcache://")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
MEDIA_URL = "media/"
MEDIA_ROOT = env.path("MEDIA_ROOT", default=str(BASE_DIR / "media"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# Mail

vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
EMAIL_TIMEOUT = 20  # seconds for one step of an SMTP conversation
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env("DEFAULT_FROM_EMAIL", default=OFFICE_EMAIL)

# Language and time

LANGUAGE_CODE = "en-us"
USE_I18N = True
USE_TZ = True

# Who gets in, and what a browser may do

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = not DEBUG
SECURE_PROXY_SSL_HEADER = None if DEBUG else ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 0 if DEBUG else 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEBUG
CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    },
}
# unfold's Alpine evaluates expressions and sets styles, so staff pages allow both; nothing else does.
ADMIN_CONTENT_SECURITY_POLICY = {
    **CONTENT_SECURITY_POLICY["DIRECTIVES"],
    "script-src": ["'self'", "'unsafe-eval'"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
}
