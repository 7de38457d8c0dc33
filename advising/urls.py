from django.contrib import admin
from django.urls import include, path

from requests_app.report_views import report
from specialties.needs_work_views import needs_work

from . import views
from .accounts.views import admin_login, own_password

urlpatterns = [
    path("", include("specialties.urls")),
    path("", include("requests_app.urls")),
    path("robots.txt", views.robots, name="robots"),
    path("privacy/", views.privacy, name="privacy"),
    path("theme.css", views.theme, name="theme"),
    # Django's redirect to "view on site" asks for no permission: it would hand any staff any student's private link.
    path("admin/r/<path:anything>", views.not_found),
    path("admin/report/", admin.site.admin_view(report), name="report"),
    path("admin/needs-work/", admin.site.admin_view(needs_work), name="needs_work"),
    path("admin/login/", admin_login),
    path("admin/password_change/", admin.site.admin_view(own_password)),
    path("admin/", admin.site.urls),
    path("accounts/", include("advising.accounts.urls")),
    path("media/advisors/<str:name>", views.portrait),
]


handler500 = "advising.views.went_wrong"
