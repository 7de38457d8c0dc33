"""One function per message. Each writes to the outbox, inside the transaction of the change it tells of."""

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join

from .outbox import OutgoingEmail, new_message_id


def received(advisor_request):
    _write("received", advisor_request, to=advisor_request.email, reply_to=settings.OFFICE_EMAIL)


def received_for_office(advisor_request):
    _write("received_for_office", advisor_request, to=settings.OFFICE_EMAIL, reply_to=advisor_request.email)


def already_open(advisor_request):
    """Send the link of an open request to its own address again, when somebody there asks a second time."""
    _write("already_open", advisor_request, to=advisor_request.email, reply_to=settings.OFFICE_EMAIL)


def assigned(advisor_request):
    _write("assigned", advisor_request, to=advisor_request.email, reply_to=settings.OFFICE_EMAIL)


def assigned_to_you(advisor_request):
    _write_to_advisor("assigned_to_you", advisor_request, advisor_request.advisor, reply_to=advisor_request.email)


def no_longer_yours(advisor_request, advisor):
    _write_to_advisor("no_longer_yours", advisor_request, advisor, reply_to=settings.OFFICE_EMAIL)


def closed(advisor_request, reason):
    _write("closed", advisor_request, to=advisor_request.email, reply_to=settings.OFFICE_EMAIL, reason=reason)


def _write_to_advisor(kind, advisor_request, advisor, *, reply_to):
    if advisor.email:
        _write(kind, advisor_request, to=advisor.email, reply_to=reply_to, addressee=advisor)


def _write(kind, advisor_request, *, to, reply_to, **context):
    """Put one message into the outbox."""
    subject, text = compose(kind, advisor_request, **context)
    OutgoingEmail.objects.create(
        request=advisor_request,
        kind=kind,
        to=to,
        reply_to=reply_to,
        subject=subject,
        text=text + "\n",
        html=render_to_string("emails/message.html", {"subject": subject, "text": _with_links(text)}),
        message_id=new_message_id(urlsplit(settings.SITE_URL).hostname),
    )


def compose(kind, advisor_request, **context):
    """Return subject and text: its template's first line, and what follows a blank line."""
    context = {
        **context,
        "advisor_request": advisor_request,
        "school_name": settings.SCHOOL_NAME,
        "office_email": settings.OFFICE_EMAIL,
        "site_url": settings.SITE_URL,
    }
    return render_to_string(f"emails/{kind}.txt", context).strip().split("\n\n", 1)


def _with_links(text):
    """Return the text as HTML where a line is a link if it is an address of this portal and nothing else.

    What a student wrote is in mails to others, so no address from elsewhere becomes a link.
    """
    return format_html_join("\n", "{}", ([_linked(line)] for line in text.splitlines()))


def _linked(line):
    is_ours = line.startswith(f"{settings.SITE_URL}/") and not re.search(r"\s", line)
    return format_html('<a href="{0}">{0}</a>', line) if is_ours else line
