from urllib.parse import urlsplit

from django.conf import settings
from icalendar import Calendar, Event

from .choices import Status

NEXT_STEP = {
    Status.WAITING: "The advising office answers by today",
    Status.OFFERED: "{advisor} answers by today",
    Status.ACCEPTED: "Meet {advisor} by today",
}


def deadline(advisor_request):
    """Return an open request's next date as the bytes of a calendar file: a whole day, whatever the time zone."""
    event = Event()
    event.add("uid", f"{advisor_request.reference}@{urlsplit(settings.SITE_URL).hostname}")
    event.add("dtstamp", advisor_request.updated_at)
    event.add("dtstart", advisor_request.respond_by)
    words = NEXT_STEP[advisor_request.status].format(advisor=advisor_request.advisor)
    event.add("summary", f"{words} ({advisor_request.reference})")
    calendar = Calendar()
    calendar.add("prodid", "-//Specialty Advising//EN")
    calendar.add("version", "2.0")
    calendar.add_component(event)
    return calendar.to_ical()
