"""The portal as Django answers it, without the page cache at the door."""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
