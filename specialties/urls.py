from django.contrib.sitemaps.views import sitemap
from django.urls import path

from . import feedback_views, views
from .feeds import ChangesFeed
from .previews import preview
from .review_views import review
from .sitemaps import SITEMAPS

app_name = "specialties"
urlpatterns = [
    path("", views.specialty_list, name="list"),
    path("specialties/<slug:slug>/", views.guide, name="guide"),
    path("preview/<str:signed>/", preview, name="preview"),
    path("review/<str:signed>/", review, name="review"),
    path("specialties/<slug:slug>/feedback/", feedback_views.vote, name="vote"),
    path("feedback/<str:signed>/", feedback_views.feedback, name="feedback"),
    path("advisors/<slug:slug>/", views.advisor, name="advisor"),
    path("questions/", views.question_list, name="questions"),
    path("questions/<slug:key>/", views.question, name="question"),
    path("compare/", views.compare, name="compare"),
    path("search/", views.search_page, name="search"),
    path("feed/", ChangesFeed(), name="feed"),
    path("sitemap.xml", sitemap, {"sitemaps": SITEMAPS}, name="sitemap"),
]
