from functools import wraps

from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from specialties.models import Specialty

from .forms import AdvisorRequestForm
from .honeypot import decoy, remember
from .models import AdvisorRequest


def private_page(view):
    """Keep a page that only the holder of its link may read out of caches, search engines and referrers."""

    @never_cache
    @wraps(view)
    def wrapped(*args, **kwargs):
        response = view(*args, **kwargs)
        response["X-Robots-Tag"] = "noindex, nofollow"
        response["Referrer-Policy"] = "no-referrer"
        return response

    return wrapped


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def create(request, slug):
    specialty = get_object_or_404(Specialty.objects.published(), slug=slug)
    data = request.POST if request.method == "POST" else None
    form = AdvisorRequestForm(data, specialty=specialty, initial={"advisor": request.GET.get("advisor", "")})
    if form.is_valid() and (page := form.submit()):
        response = redirect(page)
        if form.is_from_a_bot:
            remember(response, form.sent)
        return response
    context = {"specialty": specialty, "form": form}
    return render(request, "requests_app/create.html", context, status=422 if form.errors else 200)


@private_page
@require_safe
def status(request, token):
    advisor_request = AdvisorRequest.objects.with_token(token).with_people().first()
    context = what_is_known(advisor_request) if advisor_request else decoy(request, token)
    if context is None:
        return render(request, "requests_app/unknown_link.html", status=404)
    return render(request, "requests_app/status.html", context)


def what_is_known(advisor_request):
    return {
        "advisor_request": advisor_request,
        "events": advisor_request.events.select_related("advisor"),
        "emails": advisor_request.emails.filter(to__iexact=advisor_request.email),
    }
