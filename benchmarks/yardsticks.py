"""The addresses of the portal, and beside them a bare view that answers with the bytes of one of its pages."""

from functools import cache

from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import path, resolve

from advising.urls import urlpatterns as pages
from specialties.views import guide

from .load import PATH


@cache
def content():
    request = RequestFactory().get(PATH)
    request.resolver_match = resolve(PATH)
    return guide(request, **request.resolver_match.kwargs).content


urlpatterns = [path("bare/", lambda request: HttpResponse(content())), *pages]
