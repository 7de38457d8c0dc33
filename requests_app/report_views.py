from datetime import date, timedelta

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from specialties.charts import bar_chart
from specialties.models import Specialty
from specialties.spreadsheets import FILES

from .dates import midnight
from .exports import table_of
from .models import AdvisorRequest
from .publishable import is_academic_year, last_academic_year, publishable
from .reports import tables

ROWS_SHOWN = 200  # of each table; the downloads have all
DOWNLOADS = [f"{what}.{kind}" for what in ("report", "requests") for kind in FILES]


class DayField(forms.DateField):
    """A day of this century, which any database can compare."""

    widget = UnfoldAdminTextInputWidget(attrs={"type": "date"})
    default_validators = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2099, 12, 31))]
    default_error_messages = {
        "required": "Please choose a day.",
        "invalid": "Please write a day like 2026-11-23.",
        **dict.fromkeys(("min_value", "max_value"), "Please choose a day from 2000 to 2099."),
    }


class ReportForm(forms.Form):
    since = DayField(label="From")
    until = DayField(label="Until")
    specialty = forms.ModelChoiceField(
        queryset=None,
        to_field_name="slug",
        required=False,
        empty_label="All",
        widget=UnfoldAdminSelectWidget,
        error_messages={"invalid_choice": "There are no requests of this specialty to show you."},
    )
    publishable = forms.BooleanField(
        label="Publishable",
        help_text="A whole academic year of all specialties; groups under five are added together, or left out.",
        required=False,
        widget=UnfoldBooleanWidget,
    )
    download = forms.ChoiceField(choices=[(name, name) for name in DOWNLOADS], required=False)

    def __init__(self, data, *, visible):
        today = timezone.localdate()
        a_year = {"since": str(today - timedelta(days=365)), "until": str(today)}
        super().__init__({**a_year, **data})
        self.visible = visible
        self.fields["specialty"].queryset = Specialty.objects.filter(pk__in=visible.order_by().values("specialty"))

    def clean(self):
        cleaned = super().clean()
        if "since" in cleaned and "until" in cleaned and cleaned["since"] > cleaned["until"]:
            self.add_error("until", "This day is before the first one.")
        if cleaned.get("publishable") and cleaned.get("download", "").startswith("requests"):
            self.add_error("publishable", "Every request is listed with its name, which is not to be published.")
        if cleaned.get("publishable") and not self.errors:
            self.refuse_what_overlaps(**cleaned)
        return cleaned

    def refuse_what_overlaps(self, since, until, specialty, **_):
        today = timezone.localdate()
        if specialty or not is_academic_year(since, until, today):
            first, last = last_academic_year(today)
            self.add_error(
                "publishable",
                f"Only all specialties together, in a whole academic year that is over, the last from {first} "
                f"until {last}: others overlap, and can be subtracted from each other.",
            )

    def requests(self):
        """Return the visible requests received on the chosen days, of the chosen specialty."""
        since, until, specialty = (self.cleaned_data[name] for name in ("since", "until", "specialty"))
        chosen = self.visible.filter(
            created_at__gte=midnight(since), created_at__lt=midnight(until + timedelta(days=1))
        )
        return chosen.filter(specialty=specialty) if specialty else chosen


@require_GET
def report(request):
    if not request.user.has_perm("requests_app.view_advisorrequest"):
        raise PermissionDenied
    form = ReportForm(request.GET.dict(), visible=AdvisorRequest.objects.visible_to(request.user))
    if not form.is_valid():
        return page(request, form, [], status=422)
    requests = form.requests()
    if form.cleaned_data["download"].startswith("requests"):
        return download(form, [table_of(requests)])
    found = tables(requests)
    if form.cleaned_data["publishable"]:
        found = [publishable(table) for table in found]
    return download(form, found) if form.cleaned_data["download"] else page(request, form, found)


def page(request, form, found, status=200):
    shown = [table.first(ROWS_SHOWN) for table in found if found[0].rows]
    context = {
        **admin.site.each_context(request),
        "title": "Report",
        "form": form,
        "tables": [(table, bar_chart(table)) for table in shown],
    }
    return render(request, "admin/requests_app/report.html", context, status=status)


def download(form, found):
    what, kind = form.cleaned_data["download"].split(".")
    write, content_type = FILES[kind]
    name = f"{what}-{form.cleaned_data['since']}-to-{form.cleaned_data['until']}.{kind}"
    return HttpResponse(write(found), content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
