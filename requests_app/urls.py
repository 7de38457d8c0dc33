from django.urls import path

from . import views

app_name = "requests"
urlpatterns = [
    path("specialties/<slug:slug>/request/", views.create, name="create"),
    path("requests/<str:token>/", views.status, name="status"),
]
