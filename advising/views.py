from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from django.views.static import serve


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
@cache_control(public=True, max_age=24 * 3600)
def portrait(request, name):
    try:
        return serve(request, name, document_root=Path(settings.MEDIA_ROOT) / "advisors")
    except OSError:  # a name longer than any file can have
        raise Http404 from None


def not_found(request, **kwargs):
    raise Http404
