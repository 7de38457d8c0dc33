"""One function per message. Each writes to the outbox, inside the transaction of the change it tells of."""

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join

from .outbox import OutgoingEmail, new_message_id

# To the student


def received(advisor_request):
    _to_student("received", advisor_request)


def already_open(advisor_request):
    """Send the link of an open request to its own address again, when somebody there asks a second time."""
    _to_student("already_open", advisor_request)


def asked(advisor_request):
    _to_student("asked", advisor_request)


def accepted(advisor_request):
    _to_student("accepted", advisor_request)


def moved_on(advisor_request, advisor):
    """Say that `advisor` does not have the request any more, and who has it now."""
    _to_student("moved_on", advisor_request, former_advisor=advisor)


def did_you_meet(advisor_request):
    _to_student("did_you_meet", advisor_request)


def how_was_it(advisor_request):
    _to_student("how_was_it", advisor_request)


def withdrawn(advisor_request):
    _to_student("withdrawn", advisor_request)


def closed(advisor_request, words):
    _to_student("closed", advisor_request, words=words)


# To the advisor


def offered(offer):
    _to_advisor("offered", offer.request, offer.advisor, offer=offer)


def reminder(offer):
    _to_advisor("reminder", offer.request, offer.advisor, offer=offer)


def accepted_by_you(offer):
    _to_advisor("accepted_by_you", offer.request, offer.advisor, offer=offer, reply_to=offer.request.email)


def did_you_meet_your_student(offer):
    _to_advisor("did_you_meet_your_student", offer.request, offer.advisor, offer=offer, reply_to=offer.request.email)


def no_longer_yours(advisor_request, advisor):
    _to_advisor("no_longer_yours", advisor_request, advisor)


# To the office


def received_for_office(advisor_request):
    _to_office("received_for_office", advisor_request)


def back_with_office(advisor_request, advisor):
    """Say that `advisor` does not have the request any more and nobody else can take it by itself."""
    _to_office("back_with_office", advisor_request, former_advisor=advisor)


# Of a department's review, which is about no request


def review_asked(reviews):
    _to_department("review_asked", reviews)


def review_reminder(reviews):
    _to_department("review_reminder", reviews)


def review_unanswered(review):
    """Tell the office that a department did not answer."""
    _of_review("review_unanswered", review)


def review_ended(review):
    """Tell the office what a department said."""
    _of_review("review_ended", review)


def _to_department(kind, reviews):
    """Send one message about all these guides of a department."""
    guides = [_said_in(review) for review in reviews]
    _write(kind, None, to=reviews[0].specialty.email, reply_to=settings.OFFICE_EMAIL, guides=guides)


def _of_review(kind, review):
    _write(kind, None, to=settings.OFFICE_EMAIL, reply_to=review.specialty.email, **_said_in(review))


def _said_in(review):
    entries = review.entries()
    return {
        "review": review,
        "specialty": review.specialty,
        "entries": entries,
        "due": sum(entry.is_due for entry in entries),
        "blank": sum(entry.is_blank and not entry.is_done for entry in entries),
        "done": sum(entry.is_done for entry in entries),
        "confirmed": [entry for entry in entries if entry.is_confirmed],
        "proposed": [entry for entry in entries if entry.is_proposed],
        "nothing_said": [entry for entry in entries if not entry.is_done],
    }


def _to_student(kind, advisor_request, **context):
    _write(kind, advisor_request, to=advisor_request.email, reply_to=settings.OFFICE_EMAIL, **context)


def _to_advisor(kind, advisor_request, advisor, *, reply_to="", **context):
    if advisor.email:
        reply_to = reply_to or settings.OFFICE_EMAIL
        _write(kind, advisor_request, to=advisor.email, reply_to=reply_to, addressee=advisor, **context)


def _to_office(kind, advisor_request, **context):
    _write(kind, advisor_request, to=settings.OFFICE_EMAIL, reply_to=advisor_request.email, **context)


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
