from contextlib import suppress

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from specialties.limits import place_of
from specialties.models import Specialty
from specialties.private_pages import private_page

from .calendars import deadline
from .forms import AdvisorRequestForm, ResponseForm, SurveyForm
from .honeypot import decoy, remember
from .models import AdvisorRequest, IllegalMove, Offer


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def create(request, slug):
    specialty = get_object_or_404(Specialty.objects.published(), slug=slug)
    data = request.POST if request.method == "POST" else None
    form = AdvisorRequestForm(data, specialty=specialty, initial={"advisor": request.GET.get("advisor", "")})
    if form.is_valid() and (page := form.submit(place_of(request))):
        response = redirect(page)
        remember(response, form.sent if form.is_from_a_bot else {})  # a cookie for both, so that none tells them apart
        return response
    context = {"specialty": specialty, "form": form}
    response = render(request, "requests_app/create.html", context, status=422 if form.errors else 200)
    return form.too_many.told(response) if form.too_many else response


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def status(request, token):
    """The student's page; after the meeting it takes the answers to two questions."""
    advisor_request = AdvisorRequest.objects.with_token(token).with_people().first()
    context = what_is_known(advisor_request) if advisor_request else decoy(request, token)
    if context is None:
        return unknown_link(request)
    advisor_request, code = context["advisor_request"], 200
    is_answer = request.method == "POST" and advisor_request.met_on
    if is_answer or advisor_request.wants_survey:
        context["survey"] = form = SurveyForm(request.POST if is_answer else None)
        if form.is_valid():
            try:
                advisor_request.answer_survey(**form.cleaned_data)
                return redirect(advisor_request)
            except IllegalMove as refusal:  # answered in another tab
                context["refusal"], code = str(refusal), 409
        elif form.errors:
            code = 422
    return render(request, "requests_app/status.html", context, status=code)


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request, token):
    advisor_request = find(request, token)
    if advisor_request is None:
        return unknown_link(request)
    if request.method == "POST" and advisor_request.pk:
        with suppress(IllegalMove):  # the page says where it stands instead
            advisor_request.withdraw()
    if request.method == "POST" or not advisor_request.is_open:
        return redirect(advisor_request)
    return render(request, "requests_app/withdraw.html", {"advisor_request": advisor_request})


@private_page
@require_safe
def calendar(request, token):
    advisor_request = find(request, token)
    if advisor_request is None:
        return unknown_link(request)
    if not advisor_request.is_open:
        return redirect(advisor_request)
    response = HttpResponse(deadline(advisor_request), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{advisor_request.reference}.ics"'
    return response


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def respond(request, signed):
    """The advisor's page. Only a POST changes anything: mail scanners open links, and some run what they find."""
    offer = Offer.objects.signed(signed).with_people().first()
    if offer is None:
        return unknown_link(request)
    form = ResponseForm(request.POST if request.method == "POST" else None, offer=offer)
    refusal = ""
    if form.is_valid():
        try:
            form.answer()
            return redirect(offer)
        except IllegalMove as error:
            refusal = str(error)
            offer.refresh_from_db()
    context = {"offer": offer, "advisor_request": offer.request, "form": form, "refusal": refusal}
    return render(request, "requests_app/respond.html", context, status=409 if form.errors or refusal else 200)


def find(request, token):
    """Return the request a student's link names, or for a bot the unsaved one it takes for such; None for neither."""
    stored = AdvisorRequest.objects.with_token(token).with_people().first()
    return stored or (decoy(request, token) or {}).get("advisor_request")


def unknown_link(request):
    return render(request, "requests_app/unknown_link.html", status=404)


def what_is_known(advisor_request):
    return {
        "advisor_request": advisor_request,
        "events": advisor_request.events.for_student(),
        "emails": advisor_request.emails.filter(to__iexact=advisor_request.email),
    }
