from django.conf import settings
from django.http import HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe


@require_safe
@cache_control(public=True, max_age=3600)
def theme(request):
    """The school's own accent colour, where it has one; the stylesheet derives all else from it."""
    css = f":root{{--accent-base:{settings.ACCENT_COLOR}}}" if settings.ACCENT_COLOR else ""
    return HttpResponse(css, content_type="text/css; charset=utf-8")
