from functools import wraps

from django.contrib import admin
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect, render
from django.urls import reverse

from .forms import OwnPasswordForm


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
