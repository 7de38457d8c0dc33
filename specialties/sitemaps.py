from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import sitemaps
from django.urls import reverse

from .models import Advisor, Question, Specialty


class Sitemap(sitemaps.Sitemap):
    """Pages by the addresses that they call their own, whatever name the map was asked for by."""

    def get_domain(self, site=None):
        return urlsplit(settings.SITE_URL).netloc

    def get_protocol(self, protocol=None):
        return urlsplit(settings.SITE_URL).scheme


class GuideSitemap(Sitemap):
    def items(self):
        return Specialty.objects.published().with_last_edited().order_by("name")

    def lastmod(self, specialty):
        return specialty.text_edited_at


class QuestionSitemap(Sitemap):
    def items(self):
        return Question.objects.asked_of_all().with_last_edited()

    def lastmod(self, question):
        return question.text_edited_at


class AdvisorSitemap(Sitemap):
    def items(self):
        return Advisor.objects.on_site().order_by("name", "pk")


class PageSitemap(Sitemap):
    def items(self):
        return ["list", "questions", "compare"]

    def location(self, name):
        return reverse(f"specialties:{name}")


SITEMAPS = {"pages": PageSitemap, "guides": GuideSitemap, "questions": QuestionSitemap, "advisors": AdvisorSitemap}
