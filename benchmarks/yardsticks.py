"""The portal without its page cache, and beside its pages a bare view that answers with the bytes of one of them."""

from functools import cache

from django.core.wsgi import get_wsgi_application
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
application = get_wsgi_application()
