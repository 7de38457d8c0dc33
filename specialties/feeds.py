from itertools import groupby, islice

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import format_html, format_html_join

from .models import Answer

MOST_ANSWERS = 300
MOST_CHANGES = 30


class Change:
    """The answers of one guide whose words changed on the same day."""

    def __init__(self, answers):
        self.answers = list(answers)
        self.specialty = self.answers[0].specialty
        self.at = self.answers[0].edited_at

    @property
    def title(self):
        count = len(self.answers)
        what = self.answers[0].question.label if count == 1 else f"{count} answers"
        return f"{self.specialty}: {what}"

    @property
    def summary(self):
        answers = ((a.get_absolute_url(), a.question.text, a.short_answer) for a in self.answers)
        lines = ((settings.SITE_URL + path, text, f": {short}" if short else "") for path, text, short in answers)
        return format_html("<ul>{}</ul>", format_html_join("", '<li><a href="{}">{}</a>{}</li>', lines))


class ChangesFeed(Feed):
    """Recent changes to the words of published answers, those of a guide's day in one entry."""

    feed_type = Atom1Feed
    title = "Specialty Advising: changed answers"
    subtitle = "What departments have newly answered or changed."
    link = reverse_lazy("specialties:list")

    def items(self):
        answers = Answer.objects.published().recently_edited()[:MOST_ANSWERS]
        days = groupby(answers, key=lambda answer: (answer.specialty, timezone.localdate(answer.edited_at)))
        return [Change(answers) for _, answers in islice(days, MOST_CHANGES)]

    def item_title(self, change):
        return change.title

    def item_description(self, change):
        return change.summary

    def item_link(self, change):
        first = change.answers[0]
        return first.get_absolute_url() if len(change.answers) == 1 else change.specialty.get_absolute_url()

    def item_guid(self, change):
        return f"{settings.SITE_URL}{change.specialty.get_absolute_url()}?changed={timezone.localdate(change.at)}"

    def item_updateddate(self, change):
        return change.at

    def item_author_name(self, change):
        return change.specialty.department or settings.SCHOOL_NAME
