import re
from functools import wraps

from django.views.decorators.cache import never_cache

PRIVATE_LINK = re.compile(r"/(requests|respond|review|preview|feedback)/[^/\s]+")


def private_page(view):
    """Keep a page that only the holder of its link may read out of caches, search engines and referrers.

    A page with a form tells its address to this site itself: without any, browsers call the form's origin "null".
    """

    @never_cache
    @wraps(view)
    def wrapped(*args, **kwargs):
        response = view(*args, **kwargs)
        response["X-Robots-Tag"] = "noindex, nofollow"
        has_form = b"csrfmiddlewaretoken" in response.content
        response["Referrer-Policy"] = "same-origin" if has_form else "no-referrer"
        return response

    return wrapped


def without_private_links(text):
    """Return a text without what would let its reader act as the one a link was made for."""
    return PRIVATE_LINK.sub(r"/\1/…", text)
