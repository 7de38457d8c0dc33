from django.urls import path

from . import views

app_name = "specialties"
urlpatterns = [
    path("", views.specialty_list, name="list"),
    path("specialties/<slug:slug>/", views.guide, name="guide"),
    path("advisors/<slug:slug>/", views.advisor, name="advisor"),
]
