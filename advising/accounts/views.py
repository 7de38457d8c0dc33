import logging
from functools import wraps

from allauth.socialaccount.helpers import render_authentication_error
from django.contrib import admin
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect, render
from django.urls import reverse

from specialties.limits import place_of

from . import tries
from .forms import OwnPasswordForm

logger = logging.getLogger(__name__)


def admin_login(request):
    """In place of Django's own page, which counts no tries and asks for no second factor."""
    if not request.user.is_authenticated:
        return redirect(f"{reverse('account_login')}?{request.META['QUERY_STRING']}")
    if not request.user.is_staff:
        raise PermissionDenied
    return redirect("admin:index")


def own_password(request):
    """In place of Django's own page, where whoever finds a session open could try any number of old passwords."""
    view = PasswordChangeView.as_view(
        form_class=OwnPasswordForm,
        success_url=reverse("admin:password_change_done"),
        extra_context=admin.site.each_context(request),
    )
    return view(request)


def by_a_page(view):
    """Leave for the provider by a page of ours: no form may lead to a foreign host, be it after redirects there."""

    @wraps(view)
    def leave(request, **kwargs):
        response = view(request, **kwargs)
        if response.status_code != 302:
            return response
        return render(request, "socialaccount/login_redirect.html", {"redirect_to": response.url})

    return leave


def answered(view):
    """Let SAML fail like all single sign-on, with a page and a line in the audit list.

    Its library lets through whatever the parser of XML raises, and the provider's metadata may be out of reach.
    """

    @wraps(view)
    def answer(request, **kwargs):
        try:
            return view(request, **kwargs)
        except (OSError, PermissionDenied, SyntaxError, ValueError) as error:
            logger.warning("SAML failed: %s", type(error).__name__)
            return render_authentication_error(request, None, exception=error)

    return answer


def counted(view):
    """Take so many answers of a provider from one place: each is kept until the browser comes back for it."""

    @wraps(view)
    def count(request, **kwargs):
        tries.count("single sign-on from a place", place_of(request))
        return view(request, **kwargs)

    return count


def if_signed(view):
    """Refuse a message nobody signed: SAML's library would sign people out by it, and send them wherever it says."""

    @wraps(view)
    def refuse(request, **kwargs):
        if "Signature" not in request.GET:
            return render_authentication_error(request, None)
        return view(request, **kwargs)

    return refuse
