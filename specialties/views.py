from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from .models import Advisor, Specialty


@require_safe
def specialty_list(request):
    specialties = Specialty.objects.published().with_advisors()
    return render(request, "specialties/list.html", {"specialties": specialties})


@require_safe
def guide(request, slug):
    specialty = get_object_or_404(Specialty.objects.published().with_advisors(), slug=slug)
    entries = specialty.entries()
    context = {
        "specialty": specialty,
        "entries": entries,
        "resources": specialty.resources.all(),
        "last_edited": specialty.last_edited(entries),
    }
    return render(request, "specialties/guide.html", context)


@require_safe
def advisor(request, slug):
    advisor = get_object_or_404(Advisor.objects.on_site().with_published_specialties(), slug=slug)
    return render(request, "specialties/advisor.html", {"advisor": advisor})
