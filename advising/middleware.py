from csp.middleware import CSPMiddleware
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.db import DataError
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.views.defaults import bad_request, page_not_found
from js_asset import Media

from specialties.limits import TooMany

PUBLIC_BODY_LIMIT = 100_000  # bytes; the longest message, every character percent-encoded, takes about half
STAFF_BODY_LIMIT = 25_000_000  # bytes; the largest file staff may upload, and the form around it


class ContentSecurityPolicyMiddleware(CSPMiddleware):
    """Send the strict policy with every page, and the one unfold can live with to staff pages."""

    def get_policy_parts(self, request, response, report_only=False):
        parts = super().get_policy_parts(request, response, report_only)
        if is_staff_page(request):
            parts.replace = settings.ADMIN_CONTENT_SECURITY_POLICY
        return parts

    def process_template_response(self, request, response):
        """Let the one inline script of staff pages run: the import map of the rich text editor."""
        media = (response.context_data or {}).get("media")
        if isinstance(media, Media):
            media.nonce = str(request.csp_nonce)
        return response


def limit_body(get_response):
    """Answer 413 to a form that is larger than any honest one, before any of it is read, if only for its token."""

    def middleware(request):
        size = request.META.get("CONTENT_LENGTH") or "0"
        if size.isdecimal() and int(size) > body_limit(request):
            return render(request, "413.html", {"is_staff_page": is_staff_page(request)}, status=413)
        return get_response(request)

    return middleware


def body_limit(request):
    return STAFF_BODY_LIMIT if is_staff_page(request) and request.user.is_staff else PUBLIC_BODY_LIMIT


def permissions_policy(get_response):
    """Tell browsers that pages use none of what a device has, so that nothing smuggled into one can either."""

    def middleware(request):
        response = get_response(request)
        response["Permissions-Policy"] = settings.PERMISSIONS_POLICY
        return response

    return middleware


class AnswerRefusals:
    """Turn what a view, wherever it was, had to refuse into the page that says so."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        if isinstance(exception, TooMany):
            return exception.told(render(request, "429.html", {"refusal": exception}))
        if is_staff_page(request) and is_forged_key(exception):
            return bad_request(request, exception)
        return None


def is_forged_key(exception):
    """Whether it is of a key that is no number, or one no database has: the admin puts what was sent into queries."""
    told = ("expected a number but got", "cannot contain NUL")
    return isinstance(exception, (OverflowError, DataError)) or any(words in str(exception) for words in told)


class OwnErrorPages:
    """Show our own 404 page while developing too: Django's debug page would hide what a reader sees."""

    def __init__(self, get_response):
        if not settings.DEBUG:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        unknown_path = response.status_code == 404 and request.resolver_match is None
        return page_not_found(request, Http404()) if unknown_path else response

    def process_exception(self, request, exception):
        return page_not_found(request, exception) if isinstance(exception, Http404) else None


def is_staff_page(request):
    return request.path_info.startswith(reverse("admin:index"))
