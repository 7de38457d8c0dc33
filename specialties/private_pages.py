from functools import wraps

from django.views.decorators.cache import never_cache


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
