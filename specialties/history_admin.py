"""Pages of the admin that show who changed which word, and bring back what was."""

from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from unfold.decorators import action

from .versions import (
    Version,
    Versions,
    WrittenSince,
    deleted,
    restore_guide,
    versions_of_guide,
    with_neighbours,
    words_of_guide,
)

ON_A_PAGE = 25


class KeepsHistory:
    """The page "History" of a row, and a list of deleted rows."""

    actions_list = ["deleted"]

    def history_view(self, request, object_id, extra_context=None):
        with transaction.atomic():
            row = self.get_object(request, object_id)
            if row is None:
                return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            if not self.has_view_permission(request, row):
                raise PermissionDenied
            if request.method == "POST":
                self.decide(request, row)
                return HttpResponseRedirect(request.get_full_path())
        return self.versions_page(request, self.history_of(row), title=f"History of {row}", row=row)

    def history_of(self, row):
        return [self.model.history.filter(id=row.pk)]

    def decide(self, request, row):
        self.restore(request, self.history_of(row))

    @action(description="Deleted", url_path="deleted", permissions=["restore"], icon="restore_from_trash")
    def deleted(self, request):
        records = [deleted(self.model)]
        if request.method == "POST":
            restored = self.restore(request, records)
            return HttpResponseRedirect(self.url_of(restored) if restored else request.get_full_path())
        return self.versions_page(request, records, title=f"Deleted {self.opts.verbose_name_plural}")

    def has_restore_permission(self, request, object_id=None):
        """What is deleted belongs to nobody's specialty any more, so it is for those who see all of them."""
        return self.has_add_permission(request) and request.user.has_perm("specialties.see_every_guide")

    def restore(self, request, records):
        """Restore the version that a button names, among those that the page shows; return the row, None if refused."""
        part, _, pk = request.POST.get("version", "").partition(":")
        shown = {each.model.instance_type._meta.model_name: each for each in records}
        records = with_neighbours(shown.get(part, self.model.history.none()))
        version = Version(get_object_or_404(records, pk=pk if pk.isdecimal() else None))
        if not version.may_be_restored_by(request.user):
            raise PermissionDenied
        seen = request.POST.get(version.seen_as)
        return attempt(request, lambda: version.restore(seen=seen), version.when)

    def versions_page(self, request, records, *, title, row=None, **context):
        versions = Versions(*records)
        page = Paginator(versions, ON_A_PAGE).get_page(request.GET.get("page"))
        for version in page:
            version.has_button = version.may_be_restored_by(request.user)
        context |= {**self.admin_site.each_context(request), "opts": self.opts, "title": title, "page": page}
        context["last_change"] = versions.last_change
        context["back"] = self.url_of(row) if row else reverse(f"admin:specialties_{self.opts.model_name}_changelist")
        return render(request, "admin/specialties/versions.html", context)

    def url_of(self, row):
        return reverse(f"admin:specialties_{row._meta.model_name}_change", args=[row.pk])


class KeepsHistoryOfGuide(KeepsHistory):
    """One page for a guide with its answers, resources and advisors: words can go back alone, or all together."""

    def history_of(self, specialty):
        return versions_of_guide(specialty)

    def versions_page(self, request, records, **options):
        may_restore = options.get("row") and self.may_restore_guide(request.user)
        return super().versions_page(request, records, may_restore_guide=may_restore, **options)

    def may_restore_guide(self, user):
        verbs = [
            "change_specialty",
            "add_answer",
            "change_answer",
            "add_resource",
            "change_resource",
            "delete_resource",
        ]
        return user.has_perms([f"specialties.{verb}" for verb in verbs])

    def decide(self, request, specialty):
        if "guide" not in request.POST:
            return self.restore(request, words_of_guide(specialty))
        if not self.may_restore_guide(request.user):
            raise PermissionDenied
        dates = (each.filter(history_date=moment_of(request.POST["guide"])) for each in self.history_of(specialty))
        version = next((Version(record) for records in dates for record in records), None)
        if version:
            self.restore_guide(request, specialty, version)

    def restore_guide(self, request, specialty, version):
        moment, seen = version.record.history_date, request.POST.get("last_change")
        with_advisors = request.user.has_perm("specialties.change_advisor")
        deleted = attempt(
            request, lambda: restore_guide(specialty, moment, seen=seen, with_advisors=with_advisors), version.when
        )
        if deleted:
            names = ", ".join(deleted)
            messages.warning(request, f"Not among its advisors again, since they were deleted: {names}.")
        if deleted is not None and not with_advisors:
            messages.warning(request, "Its advisors stay as they are, since you may not change them.")


def moment_of(text):
    """Return the moment a button names, with its time zone, or None."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def attempt(request, restore, when):
    """Return what `restore` returns; the reason why it could not becomes a message."""
    try:
        row = restore()
    except WrittenSince:
        messages.error(request, "Somebody changed this meanwhile. Look at the newest version first.")
    except ValidationError as error:
        messages.error(request, f"This version cannot be restored: {' '.join(error.messages)}")
    else:
        messages.success(request, f"Restored as it was on {when}.")
        return row
