"""For machines that watch the portal: /healthz says whether this process answers, /readyz whether it can serve.

Answered before anything else looks at a request: a probe comes without TLS and by whatever host name or address, and
has to be answered by a portal that is broken.
"""

from datetime import timedelta
from functools import cache

from django.db import InterfaceError, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse
from django.utils import timezone

from requests_app.outbox import OutgoingEmail

LATE = timedelta(minutes=15)


class NotReady(Exception):
    """The portal cannot serve. The text can be shown to anybody."""


def answer_probes(get_response):
    def middleware(request):
        probe = PROBES.get(request.path_info)
        return probe() if probe else get_response(request)

    return middleware


def alive():
    return in_plain_text("ok")


def ready():
    try:
        connection.ensure_connection()
        check_migrations()
        return in_plain_text(state_of_mail())
    except (InterfaceError, OperationalError):
        return in_plain_text("The database does not answer.", status=503)
    except NotReady as reason:
        return in_plain_text(str(reason), status=503)


@cache  # not what is raised: what is applied stays so as long as this process runs
def check_migrations():
    executor = MigrationExecutor(connection)
    if missing := len(executor.migration_plan(executor.loader.graph.leaf_nodes())):
        raise NotReady(f"Migrations to apply: {missing}.")


def state_of_mail():
    """Say "ok", or since when an e-mail is due that no worker takes: pages are served all the same."""
    due = OutgoingEmail.objects.due().order_by("next_try").values_list("next_try", flat=True).first()
    return f"ok, but e-mail waits since {due:%Y-%m-%d %H:%M} UTC" if due and timezone.now() - due > LATE else "ok"


def in_plain_text(text, **options):
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(f"{text}\n", content_type="text/plain; charset=utf-8", headers=headers, **options)


PROBES = {"/healthz": alive, "/readyz": ready}
