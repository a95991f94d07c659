"""One settings file; works with nothing set. Every variable stands in docs/settings.md."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from monolith import edge, files, functions, logs, topology
from monolith.cache import caches
from monolith.environment import Environment, web_address

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()
ENV_FILE = env.str("ENV_FILE", default="")
env.read_file(Path(ENV_FILE or BASE_DIR / ".env"), is_needed=bool(ENV_FILE))


def _list(variable: str, default: list[str]) -> list[str]:
    return [value.strip() for value in env.list(variable, default=default) if value.strip()]


def _number(variable: str, default: int, *, least: int = 1, most: int = 65_535) -> int:
    try:
        value = int(env.str(variable, default="").strip() or default)
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        raise ImproperlyConfigured(f"{variable} must be a whole number from {least} to {most}.")
    return value


def _with(context: str, *parts: str) -> list[str]:
    """`parts` in a process that serves that context, else nothing."""
    return list(parts) if any(here.name == context for here in HERE) else []


def _kept_secret(path: Path) -> str:
    """The secret key of an embedded site: made on its first start and kept, so sign-ins outlive a restart."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o660)  # less the umask; a platform may give each start another user of one group
        draft.write_text(secrets.token_urlsafe(50))
        # Linked whole and only where there is none yet: processes that start together agree on one key.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text().strip()


def _address(variable: str, default: str) -> str:
    """A scheme and a host, and no path."""
    url = (env.str(variable, default="").strip() or default).rstrip("/")
    if re.fullmatch(r"https?://[\w:.\[\]-]+", url, re.ASCII) and web_address(url):
        return url
    raise ImproperlyConfigured(
        f"{variable}={url!r} must be a scheme and a host, such as https://shop.example, and no path."
    )


def _hosts(default: list[str]) -> list[str]:
    hosts = _list("ALLOWED_HOSTS", []) or default
    for host in hosts:
        if not re.fullmatch(r"\*|\.?[\w.-]+|\[[\da-fA-F:.]+\]", host):
            raise ImproperlyConfigured(
                f"ALLOWED_HOSTS holds {host!r}; it must be names of hosts by commas, without scheme, port or path: "
                "shop.example,www.shop.example."
            )
    return hosts


def _mail() -> dict[str, Any]:
    """Django's settings for EMAIL_URL, whose password is in no message."""
    url = env.str("EMAIL_URL", default="").strip() or "consolemail://"
    try:
        mail = dict(env.email_url_config(url))
    except (ImproperlyConfigured, ValueError):
        mail = {}
    if not mail or "#" in url or ("smtp" in mail["EMAIL_BACKEND"] and not mail["EMAIL_HOST"]):
        raise ImproperlyConfigured(
            "EMAIL_URL can't be read; it must be smtp+tls://user:password@host:587, with %40, %3A, %2F and %23 for an "
            "@, a colon, a slash and a # in the password, or consolemail:// to print mails."
        )
    return mail


DATA_DIR = Path(env.str("DATA_DIR", default="") or BASE_DIR / "data").resolve()
DEBUG = env.flag("DEBUG", default=False)
# Each answer tells how long it took and how many queries it made.
SERVER_TIMING = env.flag("SERVER_TIMING", default=False)
PORT = _number("PORT", 8000)
BIND_ADDRESS = env.str("BIND_ADDRESS", default="127.0.0.1")
WEB_WORKERS = _number("WEB_WORKERS", 2)
WEB_THREADS = _number("WEB_THREADS", 4)
DRAIN_SECONDS = _number("DRAIN_SECONDS", 25)
SITE_NAME = " ".join(env.str("SITE_NAME", default="").split()) or "Offshoot"
SITE_URL = _address("SITE_URL", f"http://localhost:{PORT}")
SECURE = SITE_URL.startswith("https://")
try:
    SECRET_KEY = env.str("SECRET_KEY", default="") or _kept_secret(DATA_DIR / "secret_key")
except OSError as error:
    raise ImproperlyConfigured(
        f"{error.filename} can't be read or written ({error.strerror}). DATA_DIR must be a folder of one's own; "
        f"it is {DATA_DIR}."
    ) from error
ALLOWED_HOSTS = _hosts([re.sub(r":\d+$", "", urlsplit(SITE_URL).netloc), "localhost", "127.0.0.1", "[::1]"])

# Where the parts live
CONTEXTS = topology.read(env, DATA_DIR, timeout=_number("DATABASE_TIMEOUT", 10, most=3600))
HERE = [context for context in CONTEXTS if context.is_here]
AUTH_IS_HERE = any(context.name == "auth" for context in HERE)
DATABASES: dict[str, dict[str, Any]] = {"default": {}} | {context.alias: context.database for context in HERE}
DATABASES |= {alias: database for context in HERE for alias, database in context.replicas.items()}
DATABASE_ROUTERS = ["seam.db.Router"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.str("REDIS_URL", default="")
# What carries jobs to workers; without a broker the worker looks for them itself.
CELERY_BROKER_URL = topology.read_broker(env, REDIS_URL)
JOB_CARRIER = "monolith.celery" if CELERY_BROKER_URL else ""
WORKER_CONCURRENCY = _number("WORKER_CONCURRENCY", 2)
# Where each worker gives its signs of life: of this machine and this user only.
LIFE_DIR = Path(env.str("LIFE_DIR", default="") or f"{tempfile.gettempdir()}/offshoot-{os.getuid()}")
# Work that is sent elsewhere: URL by function, and the keys that sign (the first) and verify.
FUNCTIONS, FUNCTION_KEYS = functions.read(env, BASE_DIR / "functions")
# How a context that is here is called: plainly, or through the bytes that would cross a network (for tests).
BINDING = env.str("BINDING", default="local")
# How other processes ask this one, how it knows them, and how many calls it works on at a time.
RPC_PORT = _number("RPC_PORT", 0, least=0)
RPC_THREADS = _number("RPC_THREADS", 8, most=1000)
RPC_TRUST = topology.read_trust(env, is_needed=bool(RPC_PORT) or len(HERE) < len(CONTEXTS))
# A site that was given a database is somebody's own; one that wasn't shows what it can do, where it is whole.
DEMO_DATA = env.flag(
    "DEMO_DATA", default=len(HERE) == len(CONTEXTS) and not env.str("DATABASE_URL", default="")
)

# A cache in front of the site: how it is told to forget, and what a page for nobody in particular lets it do.
EDGE_PURGE_TOKEN = env.str("EDGE_PURGE_TOKEN", default="").strip()
EDGE = edge.read(env.str("EDGE_PURGE_URL", default="").strip(), EDGE_PURGE_TOKEN)
PAGES_CACHE_CONTROL = edge.cache_control(_number("EDGE_SECONDS", 3600 if EDGE else 1, most=31_536_000))
# Whatever is in a cache may be gone at any moment.
CACHES: dict[str, dict[str, Any]] = caches(env.str("CACHE_URL", default="").strip() or REDIS_URL)
if AUTH_IS_HERE:
    # How often somebody tried to sign in: rows, for a limit must hold when Redis is away or empty.
    CACHES["limits"] = {
        "BACKEND": "apps.auth.limits.AttemptCache",
        "LOCATION": "accounts_attempt",
    }

# What keeps its tables in auth's database, and so is nowhere else: elsewhere `request.principal` is all there is.
APPS_OF_AUTH = [
    # Simple: the admin's pages are found by monolith.urls, for a worker and a relay have none.
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.idp.oidc",
]
INSTALLED_APPS = [
    "monolith",
    "monolith.web",
    "seam",
    *[context.app for context in HERE],
    *_with("auth", *APPS_OF_AUTH),
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_htmx",
    "csp",
    "django.forms",
]

MIDDLEWARE = [
    *(["monolith.web.timing.server_timing"] if SERVER_TIMING else []),
    "monolith.web.middleware.whole_requests",
    "seam.request.RequestIdMiddleware",
    "monolith.logs.noted",
    "monolith.rest.middleware.told",
    "monolith.rest.middleware.Problems",
    # Before all others: a page it holds passes none of them.
    *_with("catalog", "apps.catalog.held.HeldPages"),
    "seam.replicas.ReadingMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "monolith.web.middleware.isolation",
    "monolith.web.middleware.private",
    "monolith.web.middleware.probes",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    *_with("media", "apps.media.delivery.deliver_pictures"),
    "apps.auth.client.PrincipalMiddleware",
    *_with("auth", "apps.auth.evenly.EvenTime", "django.contrib.sessions.middleware.SessionMiddleware"),
    "django.middleware.locale.LocaleMiddleware",
    "monolith.web.middleware.bare_errors",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    *_with("auth", "django.contrib.auth.middleware.AuthenticationMiddleware"),
    "django.contrib.messages.middleware.MessageMiddleware",
    *_with("auth", "allauth.account.middleware.AccountMiddleware"),
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "monolith.urls"
WSGI_APPLICATION = "monolith.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                *_with("auth", "django.contrib.auth.context_processors.auth"),
                "django.contrib.messages.context_processors.messages",
                "monolith.web.context_processors.site",
            ],
        },
    }
]

# People
AUTH_USER_MODEL = "accounts.User"
# Only one: each backend hashes the password it is given, and how long that takes must tell nothing.
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_ADAPTER = "apps.auth.adapter.Adapter"
ACCOUNT_FORMS = {
    "signup": "apps.auth.forms.SignUpForm",
    "login": "apps.auth.forms.SignInForm",
    "change_password": "apps.auth.forms.ChangeForm",
    "set_password": "apps.auth.forms.SetForm",
    "reset_password_from_key": "apps.auth.forms.ResetForm",
}
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True  # in the browser that signed up, and nowhere else
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_CONFIRMATION_AUTHENTICATED_REDIRECT_URL = "/accounts/"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = f"[{SITE_NAME}] "
ACCOUNT_REAUTHENTICATION_REQUIRED = True
MFA_ADAPTER = "apps.auth.second_step.SecondStep"
MFA_FORMS = {
    "authenticate": "apps.auth.forms.SecondStepForm",
    "reauthenticate": "apps.auth.forms.SecondStepAgainForm",
    "activate_totp": "apps.auth.forms.FirstCodeForm",
    "add_webauthn": "apps.auth.forms.PasskeyForm",
    "login_webauthn": "apps.auth.forms.PasskeySignInForm",
    "authenticate_webauthn": "apps.auth.forms.PasskeyStepForm",
    "reauthenticate_webauthn": "apps.auth.forms.PasskeyAgainForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
# Nobody signs in before an address is confirmed; a new one is asked for while the old one stays.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = SITE_NAME
MFA_TOTP_TOLERANCE = 1  # a phone's clock may be half a minute off
# Browsers offer passkeys to https, and to localhost for trying them.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = urlsplit(SITE_URL).hostname == "localhost"
SESSION_COOKIE_AGE = 30 * 24 * 60 * 60
# Other apps of the team sign people in here, by OpenID Connect.
IDP_OIDC_ADAPTER = "apps.auth.openid.Provider"
IDP_OIDC_REFRESH_TOKEN_EXPIRES_IN = SESSION_COOKIE_AGE
IDP_OIDC_RATE_LIMITS = {"token": "30/m/ip"}  # wrong ones
# How many proxies in front add to X-Forwarded-For: limits count addresses, and who sends the header may lie.
ALLAUTH_TRUSTED_PROXY_COUNT = _number("TRUSTED_PROXIES", 0, least=0)
PASSWORD_RESET_TIMEOUT = 3 * 60 * 60
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
SESSION_ENGINE = "apps.auth.sessions"
# Seconds for which a copy of a session is believed before its row is asked again, and for which one goes on
# when the row can't be asked.
SESSION_TRUST_SECONDS = 5
SESSION_GRACE_SECONDS = 15 * 60
# Tokens that auth signs say whom they are for; whoever verifies them asks auth for its keys, or reads them there.
JWT_AUDIENCE = env.str("JWT_AUDIENCE", default="").strip() or "offshoot"
AUTH_JWKS_URL = env.str("AUTH_JWKS_URL", default="").strip()
if AUTH_JWKS_URL and not re.match(r"https?://[^/\s]+/", AUTH_JWKS_URL):
    raise ImproperlyConfigured(
        f"AUTH_JWKS_URL={AUTH_JWKS_URL!r} must be an address such as https://shop.example/.well-known/jwks.json; "
        "unset, auth is asked as for everything else."
    )
vars().update(_mail())
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Offshoot <hello@localhost>")

MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

# Requests a minute, for each person or address.
API_RATE = _number("API_RATE", 600, most=1_000_000)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["apps.auth.client.PrincipalAuthentication"],
    "UNAUTHENTICATED_USER": "apps.auth.contract.Principal",
    "DEFAULT_RENDERER_CLASSES": [
        "monolith.rest.renderers.JsonRenderer",
        "monolith.rest.renderers.XmlRenderer",
    ],
    "DEFAULT_PARSER_CLASSES": [
        "monolith.rest.parsers.JsonParser",
        "monolith.rest.parsers.XmlParser",
        "monolith.rest.parsers.TextXmlParser",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "monolith.rest.renderers.Negotiation",
    "EXCEPTION_HANDLER": "monolith.rest.problems.handle",
    "DEFAULT_THROTTLE_CLASSES": ["monolith.rest.limits.PerCaller"],
    "URL_FORMAT_OVERRIDE": None,
}

# Languages
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("es", _("Spanish"))]
# What auth's client says is said in every process.
# Those of apps are found by themselves; functions are none.
LOCALE_PATHS = [BASE_DIR / "monolith" / "locale", *sorted(BASE_DIR.glob("functions/*/locale"))]
FORMAT_MODULE_PATH = ["monolith.formats"]
USE_TZ = True
TIME_ZONE = "UTC"

# Files
# Another host for static files and pictures; it fetches them here.
CDN_URL = edge.cdn(env.str("CDN_URL", default="").strip(), secure=SECURE)
STATIC_URL = f"{CDN_URL}/static/"
WHITENOISE_ADD_HEADERS_FUNCTION = edge.static_headers(cross_origin=bool(CDN_URL))
# Whatever is here, the static files are those of the whole site: the gateway may ask any service for them.
_ELSEWHERE = [
    *([] if AUTH_IS_HERE else APPS_OF_AUTH),
    *[context.app for context in CONTEXTS if not context.is_here],
]
STATICFILES_DIRS = [folder for app in _ELSEWHERE if (folder := topology.folder_of(app) / "static").is_dir()]
STATIC_ROOT = Path(env.str("STATIC_ROOT", default="") or BASE_DIR / "build" / "static")
# The largest picture, in megabytes of a million bytes.
MEDIA_MAX_UPLOAD_MB = _number("MEDIA_MAX_UPLOAD_MB", 25)
# How many bytes one person's pictures may have together; 0 sets no limit.
MEDIA_QUOTA = _number("MEDIA_QUOTA", 5_000_000_000, least=0, most=2**53)
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default="") or DATA_DIR / "media").resolve()
STORAGE_URL = env.str("STORAGE_URL", default="").strip()
# Where browsers reach the bucket, to send pictures straight to it.
MEDIA_UPLOAD_URL = files.upload_url(env.str("MEDIA_UPLOAD_URL", default="").strip(), STORAGE_URL)
STORAGES = files.storages(STORAGE_URL, MEDIA_ROOT, largest=MEDIA_MAX_UPLOAD_MB * 10**6) | {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "monolith.web.static_files.StaticFiles"},
}
# Where a function that runs elsewhere reaches files that lie in a folder.
TRANSFER_URL = _address("TRANSFER_URL", SITE_URL)
# No form takes files, except those of views that set a handler of their own.
FILE_UPLOAD_HANDLERS = ["monolith.uploads.NoFiles"]

FORM_RENDERER = "monolith.web.forms.FormRenderer"
CSRF_FAILURE_VIEW = "monolith.web.views.csrf_failure"

# Headers
OURS = [SELF, *filter(None, [CDN_URL])]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": OURS,
        "style-src": OURS,
        "img-src": [*OURS, "data:", "blob:"],
        "font-src": OURS,
        "connect-src": OURS,
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
PERMISSIONS_POLICY: dict[str, list[str]] = {
    feature: []
    for feature in ("camera", "display-capture", "geolocation", "microphone", "midi", "payment", "usb")
}
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE
SESSION_COOKIE_NAME = "__Host-session" if SECURE else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE else "csrf"
# Set for some seconds in a browser that wrote: it reads from no replica.
WROTE_COOKIE_NAME = "__Host-wrote" if SECURE else "wrote"
CSRF_TRUSTED_ORIGINS = [SITE_URL]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
# Whoever sends X-Forwarded-Proto to a site without a proxy in front may lie.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ALLAUTH_TRUSTED_PROXY_COUNT else None

if len(SECRET_KEY) < 32 or len(set(SECRET_KEY)) < 10 or SECRET_KEY.startswith("django-insecure-"):
    raise ImproperlyConfigured(
        "SECRET_KEY can be guessed: it is shorter than 32 characters, repeats a few, or is an example's. Make one: "
        "python -c 'import secrets; print(secrets.token_urlsafe(50))'"
    )

# Logs
LOG_FORMAT = env.str("LOG_FORMAT", default="text")
LOG_LEVEL = env.str("LOG_LEVEL", default="WARNING").upper()
if LOG_FORMAT not in ("json", "text"):
    raise ImproperlyConfigured(f"LOG_FORMAT={LOG_FORMAT!r} must be json or text.")
if LOG_LEVEL not in ("DEBUG", "INFO", "WARNING", "ERROR"):
    raise ImproperlyConfigured(f"LOG_LEVEL={LOG_LEVEL!r} must be DEBUG, INFO, WARNING or ERROR.")
LOGGING = logs.configured(LOG_FORMAT, LOG_LEVEL)
