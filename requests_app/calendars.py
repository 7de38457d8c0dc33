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
    """Return an open request's next date as the bytes of a calendar file: a whole day, whatever the time zone.

    It holds the student's own link, as the page it is downloaded from does.
    """
    event = Event()
    event.add("uid", f"{advisor_request.reference}@{urlsplit(settings.SITE_URL).hostname}")
    event.add("dtstamp", advisor_request.updated_at)
    event.add("dtstart", advisor_request.respond_by)
    words = NEXT_STEP[advisor_request.status].format(advisor=advisor_request.advisor)
    event.add("summary", f"{words} ({advisor_request.reference})")
    link = settings.SITE_URL + advisor_request.get_absolute_url()
    event.add("url", link)
    event.add("description", f"Where your request stands, and what you can do: {link}")  # where "url" is not shown
    calendar = Calendar()
    calendar.add("prodid", "-//Specialty Advising//EN")
    calendar.add("version", "2.0")
    calendar.add_component(event)
    return calendar.to_ical()
