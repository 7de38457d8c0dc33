import time

from django.conf import settings
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.http import urlencode

from .models import AuditEntry, record
from .second_factor import missing_step

USED_AT = "used_at"  # session: when it was last noted that somebody works with it
NOTED = 60  # times within the idle time, so that not every page writes


class StaffSessions:
    """What holds for each page of staff: a second factor, an end after idle time, an audit list."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if is_private(request):
            if not response.has_header("Cache-Control"):
                add_never_cache_headers(response)
            if request.user.is_authenticated:
                keep_alive(request.session)
                record_what_matters(request, response)
        return response

    def process_view(self, request, view, args, kwargs):
        if is_private(request) and request.user.is_authenticated and (page := missing_step(request)):
            back = request.get_full_path() if request.method == "GET" else reverse("admin:index")
            return HttpResponseRedirect(f"{reverse(page)}?{urlencode({'next': back})}")


def is_private(request):
    return request.resolver_match is not None and request.resolver_match.route.startswith(("admin/", "accounts/"))


def keep_alive(session):
    """Let the session end SESSION_IDLE_MINUTES from now: Django counts from when it was last written."""
    if time.time() - session.get(USED_AT, 0) >= settings.SESSION_COOKIE_AGE / NOTED:
        session[USED_AT] = int(time.time())


def record_what_matters(request, response):
    """Whatever staff download is an export, whichever page gives it; and what they may not see they asked for."""
    if "attachment" in response.get("Content-Disposition", ""):
        record(AuditEntry.What.EXPORTED, request.get_full_path())
    if response.status_code == 403:
        record(AuditEntry.What.REFUSED, request.path)
