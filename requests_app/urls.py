from django.urls import path

from . import views

app_name = "requests"
urlpatterns = [
    path("specialties/<slug:slug>/request/", views.create, name="create"),
    path("requests/<str:token>/", views.status, name="status"),
    path("requests/<str:token>/withdraw/", views.withdraw, name="withdraw"),
    path("requests/<str:token>/calendar.ics", views.calendar, name="calendar"),
    path("respond/<str:signed>/", views.respond, name="respond"),
]
