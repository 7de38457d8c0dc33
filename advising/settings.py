"""Settings of the portal. Every value a school may change comes from the environment: see .env.example."""

import os
import re
from datetime import date
from pathlib import Path
from secrets import token_urlsafe
from zoneinfo import ZoneInfo

import environ
from csp.constants import NONCE
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy

from advising.accounts import providers

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.read_env(BASE_DIR / ".env")  # what the caller's environment says already wins

DEBUG = env.bool("DEBUG", default=False)


def setting(name, default, cast=env.str):
    """Return a setting from the environment, `default` where it is unset or empty.

    Raises ImproperlyConfigured, with its name, for one that cannot be read.
    """
    if not env.str(name, default=""):
        return default
    try:
        return cast(name)
    except Exception as error:
        raise ImproperlyConfigured(f"{name} cannot be read: {error}") from error


def like(pattern, example):
    """Return a cast for a text that matches the pattern; the example is for the message where it does not."""

    def cast(name):
        if not re.fullmatch(pattern, value := env.str(name)):
            raise ValueError(f"it is {value!r}, and should be like {example}")
        return value

    return cast


def time_zone(name):
    return ZoneInfo(env.str(name)).key


def database(name):
    config = env.db_url(name)
    if config.get("ENGINE") not in ("django.db.backends.postgresql", "django.db.backends.sqlite3"):
        raise ValueError("it begins with postgres:// or sqlite:///")
    return config


def dates(name):
    return [date.fromisoformat(day.strip()) for day in env.list(name)]


# The school

SCHOOL_NAME = setting("SCHOOL_NAME", "Northwestern University Feinberg School of Medicine")
DEFAULT_ACCENT = "#4e2a84"  # the one in site.css
ACCENT_COLOR = setting("ACCENT_COLOR", DEFAULT_ACCENT, like("#[0-9a-fA-F]{6}", DEFAULT_ACCENT))
TIME_ZONE = setting("TIME_ZONE", "America/Chicago", time_zone)
ADDRESS = r"[^@\s<>]+@[^@\s<>]+"
OFFICE_EMAIL = setting("OFFICE_EMAIL", "advising-office@localhost", like(ADDRESS, "advising@example.edu"))
OFFICE_DAYS = setting("OFFICE_DAYS", 5, env.int)
OFFER_DAYS = setting("OFFER_DAYS", 5, env.int)
MEETING_DAYS = setting("MEETING_DAYS", 10, env.int)
HOLIDAYS = setting("HOLIDAYS", [], dates)
RETENTION_MONTHS = setting("RETENTION_MONTHS", 24, env.int)
for name, days in {"OFFICE_DAYS": OFFICE_DAYS, "OFFER_DAYS": OFFER_DAYS, "MEETING_DAYS": MEETING_DAYS}.items():
    if days < 1:
        raise ImproperlyConfigured(f"{name} is a number of working days: 1 or more.")
if not 1 <= RETENTION_MONTHS <= 1200:
    raise ImproperlyConfigured("RETENTION_MONTHS is a number of months: 1 to 1200.")

# The site

SECRET_KEY = setting("SECRET_KEY", token_urlsafe(50) if DEBUG else "")
ALLOWED_HOSTS = setting("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"] if DEBUG else [], env.list)
missing = [
    f"{name} is not set. It is {meaning}; production does not start without it."
    for name, value, meaning in (
        ("SECRET_KEY", SECRET_KEY, "a long random text that signs sessions"),
        ("ALLOWED_HOSTS", ALLOWED_HOSTS, "the host names the portal answers to, with commas between"),
    )
    if not value
]
if missing:
    raise ImproperlyConfigured(" ".join(missing))
PORT = setting("PORT", 8000, env.int)
SITE_URL = setting(
    "SITE_URL", f"http://127.0.0.1:{PORT}" if DEBUG else f"https://{ALLOWED_HOSTS[0].lstrip('.')}"
).rstrip("/")
if not re.fullmatch(r"https?://[^/*\s]+", SITE_URL):
    raise ImproperlyConfigured(f"SITE_URL is {SITE_URL}; links in e-mails need one like https://advising.example.edu.")

TRUSTED_PROXIES = setting("TRUSTED_PROXIES", 0 if DEBUG else 1, env.int)
if TRUSTED_PROXIES < 0:  # from the other end of X-Forwarded-For, where visitors write what they like
    raise ImproperlyConfigured("TRUSTED_PROXIES is a number of proxies: 0 or more.")
REQUESTS_PER_HOUR = setting("REQUESTS_PER_HOUR", 60, env.int)
REQUESTS_PER_DAY = setting("REQUESTS_PER_DAY", 20, env.int)
STUDENT_EMAIL_DOMAINS = [domain.strip().lower() for domain in setting("STUDENT_EMAIL_DOMAINS", [], env.list)]
VOTES_PER_HOUR = setting("VOTES_PER_HOUR", 60, env.int)
LINK_CHECK_DAYS = setting("LINK_CHECK_DAYS", 0, env.int)
REVIEW_DAYS = setting("REVIEW_DAYS", 365, env.int)
CACHE_STALE_SECONDS = setting("CACHE_STALE_SECONDS", 3600, env.int)

ROOT_URLCONF = "advising.urls"
WSGI_APPLICATION = "advising.wsgi.application"

INSTALLED_APPS = [
    "advising",
    "requests_app",
    "specialties",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_prose_editor",
    "simple_history",
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "advising.accounts",
]

MIDDLEWARE = [
    "advising.health.answer_probes",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "advising.middleware.ContentSecurityPolicyMiddleware",
    "advising.middleware.permissions_policy",
    "advising.middleware.OwnErrorPages",
    "advising.middleware.AnswerRefusals",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "advising.middleware.limit_body",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "advising.accounts.middleware.StaffSessions",
    "simple_history.middleware.HistoryRequestMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["django.templatetags.static"],
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


def shades(color):
    """The eleven shades unfold paints with, from a colour like "#4e2a84"; it is itself the one of buttons, 600."""
    lighter = {50: 6, 100: 12, 200: 22, 300: 32, 400: 42, 500: 56, 600: 100}
    darker = {700: 86, 800: 72, 900: 58, 950: 42}
    return {
        str(shade): f"color-mix(in oklab, {color} {percent}%, {other})"
        for other, shares in (("white", lighter), ("black", darker))
        for shade, percent in shares.items()
    }


def menu(title, *models, first=(), more=()):
    """A group of the staff menu: (title, icon, model, badge callback) each, for those who may see that model."""
    return {
        "title": title,
        "separator": True,
        "items": [
            *first,
            *(
                {
                    "title": item,
                    "icon": icon,
                    "link": reverse_lazy(f"admin:{model.replace('.', '_')}_changelist"),
                    "permission": lambda request, model=model: request.user.has_perm(model.replace(".", ".view_")),
                    **({"badge": badge[0]} if badge else {}),
                }
                for item, icon, model, *badge in models
            ),
            *more,
        ],
    }


REPORT = {
    "title": "Report",
    "icon": "bar_chart",
    "link": reverse_lazy("report"),
    "permission": lambda request: request.user.has_perm("requests_app.view_advisorrequest"),
}

NEEDS_WORK = {
    "title": "What needs work",
    "icon": "checklist",
    "link": reverse_lazy("needs_work"),
    "permission": lambda request: request.user.has_perm("specialties.view_answer"),
}

UNFOLD = {
    "SITE_TITLE": "Specialty Advising",
    "SITE_HEADER": "Specialty Advising",
    "SITE_SUBHEADER": SCHOOL_NAME,
    "SITE_SYMBOL": "menu_book",
    "COLORS": {"primary": shades(ACCENT_COLOR)},
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("icon.svg")}],
    "DASHBOARD_CALLBACK": "requests_app.dashboard.dashboard",
    "STYLES": [lambda request: static("css/admin.css")],
    "ACCOUNT": {
        "navigation": [
            {"title": "How you sign in", "link": reverse_lazy("mfa_index")},
            {"title": "Change password", "link": reverse_lazy("admin:password_change")},
        ],
    },
    "SIDEBAR": {
        "show_search": True,
        "navigation": [
            menu(
                "Requests",
                ("Advisor requests", "forum", "requests_app.advisorrequest", "requests_app.admin.waiting_badge"),
                ("Outgoing e-mails", "outgoing_mail", "requests_app.outgoingemail"),
                more=[REPORT],
            ),
            menu(
                "Guides",
                ("Specialties", "menu_book", "specialties.specialty"),
                ("Proposals", "rate_review", "specialties.proposal"),
                ("Imported pages", "upload_file", "specialties.importedpage"),
                ("Advisors", "stethoscope", "specialties.advisor"),
                ("Questions", "help", "specialties.question"),
                ("Stages", "stairs", "specialties.stage"),
                ("Synonyms", "compare_arrows", "specialties.synonym"),
                ("Feedback", "thumbs_up_down", "specialties.feedback"),
                first=[NEEDS_WORK],
            ),
            menu(
                "Staff",
                ("Users", "person", "auth.user"),
                ("Groups", "group", "auth.group"),
                ("Audit list", "policy", "accounts.auditentry"),
            ),
        ],
    },
}

# What is kept, and where

DATABASE = setting("DATABASE_URL", env.db_url_config(f"sqlite:///{BASE_DIR / 'db.sqlite3'}"), database)
DATABASES = {"default": DATABASE}
DATABASE["CONN_MAX_AGE"] = 0 if DEBUG else 60  # seconds; runserver makes a thread, so a connection, per request
DATABASE["CONN_HEALTH_CHECKS"] = True
if DATABASE["ENGINE"] == "django.db.backends.sqlite3":
    DATABASE["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL",
    }
else:
    DATABASE["OPTIONS"] = {
        "connect_timeout": 3,  # one that is gone, or silent, is noticed within seconds
        "tcp_user_timeout": 10_000,
        "options": "-c jit=off",  # to compile a question takes longer than to answer it
        **DATABASE.get("OPTIONS", {}),
    }

CACHE = setting("CACHE_URL", env.cache_url_config("locmemcache://"), env.cache_url)
if CACHE["BACKEND"].endswith("RedisCache"):
    patience = {"socket_connect_timeout": 1, "socket_timeout": 1}  # seconds
    CACHE |= {"BACKEND": "advising.cache.ForgivingRedis", "OPTIONS": patience | CACHE.get("OPTIONS", {})}
CACHES = {"default": CACHE}

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = DEBUG
MEDIA_URL = "media/"
MEDIA_ROOT = setting("MEDIA_ROOT", BASE_DIR / "media")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "advising.static_files.StaticFilesStorage"
    },
}

# Mail

vars().update(setting("EMAIL_URL", env.email_url_config("consolemail://"), env.email_url))
# Seconds for one step of an SMTP conversation. A server that took a message, and says so too late, gets it again.
EMAIL_TIMEOUT = 45
DEFAULT_FROM_EMAIL = SERVER_EMAIL = setting(
    "DEFAULT_FROM_EMAIL", OFFICE_EMAIL, like(rf"{ADDRESS}|[^<>\r\n]+ <{ADDRESS}>", "Advising <advising@example.edu>")
)

# What happened, on standard error: as JSON in production, for people while developing

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "advising.logs.JsonLines"},
        "plain": {"format": "%(levelname)s %(message)s"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain" if DEBUG else "json"}},
    "root": {"handlers": ["stderr"], "level": "ERROR"},
    "loggers": {"django": {"level": "ERROR"}, "advising": {"level": "INFO"}, "requests_app": {"level": "INFO"}},
}

# Language and time

LANGUAGE_CODE = "en-us"
USE_I18N = True
USE_TZ = True

# Who gets in, and what a browser may do

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "admin:index"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]  # nobody signs up; allauth checks that this fits the line above
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "advising.accounts.adapters.AccountAdapter"
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # before a way to sign in is added or taken away
ACCOUNT_RATE_LIMITS = MFA_RATE_LIMITS = False  # kept in the memory of one process; those in accounts/tries.py are exact
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES

SECOND_FACTOR_REQUIRED = not DEBUG
MFA_ADAPTER = "advising.accounts.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Specialty Advising"
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_FORMS = {
    "authenticate": "advising.accounts.forms.CodeForm",
    "reauthenticate": "advising.accounts.forms.CodeAgainForm",
    "authenticate_webauthn": "advising.accounts.forms.KeyForm",
    "reauthenticate_webauthn": "advising.accounts.forms.KeyAgainForm",
}

# The school's own sign-in

SSO_NAME = setting("SSO_NAME", "your school account")
SSO_HAS_SECOND_FACTOR = setting("SSO_HAS_SECOND_FACTOR", False, env.bool)
SECURE_URL = r"https://[^\s/?#]+[^\s?#]*"
OIDC_ISSUER = setting("OIDC_ISSUER", "", like(SECURE_URL, "https://login.example.edu"))
OIDC_CLIENT_ID = setting("OIDC_CLIENT_ID", "")
OIDC_CLIENT_SECRET = setting("OIDC_CLIENT_SECRET", "")
SAML_METADATA_URL = setting("SAML_METADATA_URL", "", like(SECURE_URL, "https://login.example.edu/metadata"))
SAML_ENTITY_ID = setting("SAML_ENTITY_ID", "")
SAML_UID_ATTRIBUTE = setting("SAML_UID_ATTRIBUTE", "urn:oasis:names:tc:SAML:attribute:subject-id")
for whole in (
    {"OIDC_ISSUER": OIDC_ISSUER, "OIDC_CLIENT_ID": OIDC_CLIENT_ID, "OIDC_CLIENT_SECRET": OIDC_CLIENT_SECRET},
    {"SAML_METADATA_URL": SAML_METADATA_URL, "SAML_ENTITY_ID": SAML_ENTITY_ID},
):
    unset = [name for name, value in whole.items() if not value]
    if 0 < len(unset) < len(whole):
        raise ImproperlyConfigured(f"{unset[0]} is not set. Single sign-on needs all of {', '.join(whole)}.")

SOCIALACCOUNT_ADAPTER = "advising.accounts.adapters.SingleSignOnAdapter"
SOCIALACCOUNT_PROVIDERS = {}
if OIDC_ISSUER:
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = providers.oidc(
        issuer=OIDC_ISSUER.rstrip("/"), name=SSO_NAME, client_id=OIDC_CLIENT_ID, secret=OIDC_CLIENT_SECRET
    )
os.environ["OPENPYXL_LXML"] = "False"  # spreadsheets are the same whether or not SAML has brought lxml along
if SAML_METADATA_URL:
    INSTALLED_APPS.append("allauth.socialaccount.providers.saml")
    SOCIALACCOUNT_PROVIDERS["saml"] = providers.saml(
        metadata_url=SAML_METADATA_URL, entity_id=SAML_ENTITY_ID, name=SSO_NAME, uid_attribute=SAML_UID_ATTRIBUTE
    )

# Sessions

SESSION_IDLE_MINUTES = setting("SESSION_IDLE_MINUTES", 60, env.int)
SESSION_COOKIE_AGE = SESSION_IDLE_MINUTES * 60  # seconds, from when accounts/middleware.py last noted work
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
ACCOUNT_SESSION_REMEMBER = False
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = not DEBUG
SECURE_PROXY_SSL_HEADER = None if DEBUG else ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 0 if DEBUG else 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEBUG
CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
UNUSED = ["camera", "microphone", "geolocation", "payment", "usb", "display-capture", "browsing-topics"]
PERMISSIONS_POLICY = ", ".join(f"{feature}=()" for feature in UNUSED)

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "connect-src": ["'self'"],  # Lighthouse fetches robots.txt from within the page
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    },
}
if report_url := setting("CSP_REPORT_URL", "", like(r"https://\S+", "https://reports.example.edu/csp")):
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["report-uri"] = [report_url]
# unfold's Alpine evaluates expressions and sets styles, so staff pages allow both; nothing else does.
ADMIN_CONTENT_SECURITY_POLICY = {
    **CONTENT_SECURITY_POLICY["DIRECTIVES"],
    "script-src": ["'self'", NONCE, "'unsafe-eval'"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
}
