import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "advising.settings")

application = get_wsgi_application()
if not settings.DEBUG:  # while developing, a template that was changed shows at once
    from .page_cache import PageCache

    application = PageCache(application)
