import logging
import sys
from pathlib import Path

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse, HttpResponseServerError
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from django.views.static import serve

logger = logging.getLogger(__name__)


@require_safe
@cache_control(public=True, max_age=3600)
def theme(request):
    """The school's own accent colour, where it has one; the stylesheet derives all else from it."""
    return HttpResponse(f":root{{--accent-base:{settings.ACCENT_COLOR}}}", content_type="text/css; charset=utf-8")


@require_safe
@cache_control(public=True, max_age=24 * 3600)
def robots(request):
    return render(request, "robots.txt", content_type="text/plain; charset=utf-8")


@require_safe
@cache_control(public=True, max_age=3600)
def privacy(request):
    """What is stored of people, why, and until when."""
    return render(request, "privacy.html", {"months": settings.RETENTION_MONTHS})


@require_safe
@cache_control(public=True, max_age=24 * 3600)
def portrait(request, name):
    try:
        return serve(request, name, document_root=Path(settings.MEDIA_ROOT) / "advisors")
    except OSError:  # a name longer than any file can have
        raise Http404 from None


def went_wrong(request):
    """What is shown for an error nobody expected; that the database does not answer passes, and is said as such."""
    if isinstance(sys.exc_info()[1], (InterfaceError, OperationalError)):
        headers = {"Retry-After": "30", "Cache-Control": "no-store"}
        return HttpResponse(render_to_string("503.html"), status=503, headers=headers)
    try:
        return HttpResponseServerError(render_to_string("500.html"))
    except Exception:  # static files that were not collected; a server would answer with nothing at all
        logger.exception("The page that says so cannot be shown")
        return HttpResponseServerError("Something went wrong on our side.", content_type="text/plain")


def not_found(request, **kwargs):
    raise Http404
