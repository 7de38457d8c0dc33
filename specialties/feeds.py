from itertools import islice

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.urls import reverse
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import format_html, format_html_join

from .models import Answer

MOST_ANSWERS = 300
MOST_CHANGES = 30


class Change:
    """The answers of one guide whose words changed on the same day."""

    def __init__(self, answers):
        self.answers = sorted(answers, key=lambda answer: answer.question.place)
        self.specialty = answers[0].specialty
        self.at = max(answer.edited_at for answer in answers)

    def get_absolute_url(self):
        return (self.answers[0] if len(self.answers) == 1 else self.specialty).get_absolute_url()

    @property
    def title(self):
        count = len(self.answers)
        what = self.answers[0].question.label if count == 1 else f"{count} answers"
        return f"{self.specialty.title}: {what}"

    @property
    def summary(self):
        answers = ((a.get_absolute_url(), a.question.text, a.short_answer) for a in self.answers)
        lines = ((settings.SITE_URL + path, text, f": {short}" if short else "") for path, text, short in answers)
        return format_html("<ul>{}</ul>", format_html_join("", '<li><a href="{}">{}</a>{}</li>', lines))


class ChangesFeed(Feed):
    """Recent changes to the words of published answers, those of a guide's day in one entry.

    Addresses begin with SITE_URL, whatever name the feed was asked for by, so that a reader knows an entry again.
    """

    feed_type = Atom1Feed
    title = "Specialty Advising: changed answers"
    subtitle = "What departments have newly answered or changed."

    def link(self):
        return settings.SITE_URL + reverse("specialties:list")

    def feed_url(self):
        return settings.SITE_URL + reverse("specialties:feed")

    def items(self):
        days = {}
        for answer in Answer.objects.published().recently_edited()[:MOST_ANSWERS]:
            days.setdefault((answer.specialty, timezone.localdate(answer.edited_at)), []).append(answer)
        return [Change(answers) for answers in islice(days.values(), MOST_CHANGES)]

    def item_title(self, change):
        return change.title

    def item_description(self, change):
        return change.summary

    def item_link(self, change):
        return settings.SITE_URL + change.get_absolute_url()

    def item_guid(self, change):
        """Without the guide's slug: a guide that is renamed brings no old news."""
        return f"{settings.SITE_URL}/feed/#guide-{change.specialty.pk}-{timezone.localdate(change.at)}"

    def item_updateddate(self, change):
        return change.at

    def item_author_name(self, change):
        return change.specialty.department or settings.SCHOOL_NAME
