from django.contrib.sitemaps import Sitemap
from django.urls import reverse

from .models import Advisor, Question, Specialty


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
