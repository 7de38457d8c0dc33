from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.static import serve

from . import views

urlpatterns = [
    path("", include("specialties.urls")),
    path("", include("requests_app.urls")),
    path("theme.css", views.theme, name="theme"),
    path("admin/", admin.site.urls),
    re_path(r"^media/(?P<path>advisors/.+)$", serve, {"document_root": settings.MEDIA_ROOT}),
]
