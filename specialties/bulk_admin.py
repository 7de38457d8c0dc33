"""The page of the admin that gives a spreadsheet out and takes it in again."""

from django import forms
from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from unfold.decorators import action
from unfold.widgets import UnfoldAdminFileFieldWidget

from .bulk_edits import LAST_EDITED, date_of
from .spreadsheets import FILES, LARGEST_FILE, Unreadable, lines_of

MOST_SHOWN = 300
MOST_CHANGES = 2_000  # lines: as many as can be stored while somebody waits
LARGEST_PREVIEW = 2_000_000  # characters, sent back with the decision: Django takes no larger form


class UploadForm(forms.Form):
    """A file, valid only where it could be a table of the sheet; `found` is what it changes and what is wrong."""

    file = forms.FileField(label="The edited file", help_text="CSV or XLSX.", widget=UnfoldAdminFileFieldWidget)

    def __init__(self, *args, sheet, **kwargs):
        super().__init__(*args, **kwargs)
        self.sheet, self.found = sheet, []

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > LARGEST_FILE:
            raise ValidationError(f"This file is larger than {LARGEST_FILE // 1_000_000} MB. Do it in parts.")
        try:
            self.found = self.sheet.check(lines_of(file.read()))
        except Unreadable as error:
            raise ValidationError(str(error)) from error
        if len(self.found) > MOST_CHANGES or len(packed(self.sheet, self.found)) > LARGEST_PREVIEW:
            raise ValidationError("This changes too much at once. Do it in parts.")
        return file


class HasSpreadsheet:
    sheet = None

    def has_spreadsheet_permission(self, request, object_id=None):
        return self.sheet(request.user).allows("view")

    @action(description="Spreadsheet", url_path="spreadsheet", permissions=["spreadsheet"], icon="table")
    def spreadsheet(self, request):
        sheet = self.sheet(request.user)
        if request.GET.get("download") in FILES:
            return download(sheet, request.GET["download"])
        if request.method != "POST":
            return self.spreadsheet_page(request, sheet, UploadForm(sheet=sheet))
        if not sheet.allows("change"):
            raise PermissionDenied
        if "lines" in request.POST:
            return self.store_lines(request, sheet)
        form = UploadForm(request.POST, request.FILES, sheet=sheet)
        if form.is_valid():
            return self.lines_page(request, sheet, form.found)
        return self.spreadsheet_page(request, sheet, form, status=422)

    def store_lines(self, request, sheet):
        """Store what the preview showed, where it is still so."""
        try:
            lines = signing.loads(request.POST["lines"], salt=salt_of(sheet))
        except signing.BadSignature:
            raise PermissionDenied from None
        found = sheet.write(lines)
        if any(line.errors for line in found):
            return self.lines_page(request, sheet, found)
        messages.success(request, f"{len(found)} of the {sheet.title.lower()} changed.")
        return HttpResponseRedirect(request.path)

    def lines_page(self, request, sheet, found):
        wrong = [line for line in found if line.errors]
        shown = wrong or found
        context = {
            "number": len(shown),
            "more": max(len(shown) - MOST_SHOWN, 0),
            "wrong": wrong[:MOST_SHOWN],
            "changed": [] if wrong else found[:MOST_SHOWN],
            "lines": packed(sheet, found) if found and not wrong else "",
        }
        form = UploadForm(sheet=sheet)
        status = 422 if wrong else 200
        return self.spreadsheet_page(request, sheet, form, status=status, is_preview=True, **context)

    def spreadsheet_page(self, request, sheet, form, status=200, **context):
        context |= {**self.admin_site.each_context(request), "opts": self.opts, "sheet": sheet, "form": form}
        context |= {"title": f"{sheet.title} as a spreadsheet", "may_change": sheet.allows("change")}
        return render(request, "admin/specialties/spreadsheet.html", context, status=status)


def download(sheet, kind):
    write, content_type = FILES[kind]
    name = f"{sheet.title.lower()}-{timezone.localdate()}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(write([sheet.table()]), content_type, headers=headers)


def packed(sheet, found):
    """Return the lines that change something as a text that comes back from this user only as it is."""
    headings = [*sheet.keys, *sheet.fields, LAST_EDITED]
    headings = [name for name in headings if any(name in line.cells for line in found)]
    lines = [[str(date_of(line.cells.get(name, ""))) for name in headings] for line in found]
    return signing.dumps([headings, *lines], salt=salt_of(sheet), compress=True)


def salt_of(sheet):
    return f"spreadsheet of {sheet.title}, {sheet.user.pk}"
