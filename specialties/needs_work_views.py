from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_safe

from .charts import Table, bar_chart
from .models import Feedback, Specialty
from .needs_work import RULES, guides_of

PER_PAGE = 50  # specialties, so that the page of a large school stays well under a second
HEADINGS = ["Specialty", "Answered, %", "Confirmed, %", "To look at"]


@require_safe
def needs_work(request):
    """What needs work in the guides a member of staff works with; with `specialty`, a slug, in that one."""
    if not request.user.has_perm("specialties.view_answer"):
        raise PermissionDenied
    visible = Specialty.objects.visible_to(request.user)
    specialty = get_object_or_404(visible, slug=slug) if (slug := request.GET.get("specialty")) else None
    page = Paginator(visible.filter(pk=specialty.pk) if specialty else visible, PER_PAGE).get_page(
        request.GET.get("page")
    )
    found = [(guide, guide.findings()) for guide in guides_of(page.object_list)]
    standing = standing_of(found)
    context = {
        **admin.site.each_context(request),
        "title": "What needs work",
        "specialty": specialty,
        "page": page,
        "parts": [part for rule in RULES if (part := part_of(rule, found))],
        "table": standing._replace(
            rows=[[link_to(guide), *row[1:]] for (guide, _), row in zip(found, standing.rows, strict=True)]
        ),
        "chart": None if specialty else bar_chart(standing, 1, 2),
        "to_read": Feedback.objects.visible_to(request.user).to_read().count(),
    }
    return render(request, "admin/specialties/needs_work.html", context)


def part_of(rule, found):
    """Return a rule with what it finds in each guide and how much that is, None where it finds nothing."""
    guides = [(guide.specialty, findings[rule]) for guide, findings in found if rule in findings]
    return {"rule": rule, "guides": guides, "number": sum(len(findings) for _, findings in guides)} if guides else None


def standing_of(found):
    """Return a table of how far each guide is answered and confirmed."""
    rows = [
        [
            guide.specialty.name,
            percent(guide.given, guide.entries),
            percent(guide.confirmed, guide.entries),
            sum(map(len, findings.values())),
        ]
        for guide, findings in found
    ]
    return Table("Questions answered, and confirmed within a year", HEADINGS, rows)


def percent(part, whole):
    return round(100 * len(part) / len(whole)) if whole else 0


def link_to(guide):
    address = f"{reverse('needs_work')}?specialty={guide.specialty.slug}"
    return format_html('<a href="{}">{}</a>', address, guide.specialty)
