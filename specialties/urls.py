from django.contrib.sitemaps.views import sitemap
from django.urls import path

from . import views
from .feeds import ChangesFeed
from .previews import preview
from .sitemaps import SITEMAPS

app_name = "specialties"
urlpatterns = [
    path("", views.specialty_list, name="list"),
    path("specialties/<slug:slug>/", views.guide, name="guide"),
    path("preview/<str:signed>/", preview, name="preview"),
    path("advisors/<slug:slug>/", views.advisor, name="advisor"),
    path("questions/", views.question_list, name="questions"),
    path("questions/<slug:key>/", views.question, name="question"),
    path("compare/", views.compare, name="compare"),
    path("search/", views.search_page, name="search"),
    path("feed/", ChangesFeed(), name="feed"),
    path("sitemap.xml", sitemap, {"sitemaps": SITEMAPS}, name="sitemap"),
]
