"""A guide as it would be: a draft, or one with the texts that are proposed for it."""

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from .models import Answer, Resource, Specialty
from .private_pages import private_page

SIGNER = signing.TimestampSigner(salt="specialties.preview")
VALID_FOR = timedelta(days=14)


def link_for_department(specialty):
    """Return an address that shows the guide as it would be to whoever has it, for two weeks."""
    return settings.SITE_URL + reverse("specialties:preview", args=[SIGNER.sign(specialty.pk)])


@require_safe
@private_page
def preview(request, signed):
    """The page behind a department's link."""
    try:
        key = SIGNER.unsign(signed, max_age=VALID_FOR)
    except signing.BadSignature:  # expired links are among them
        return render(request, "specialties/preview_over.html", status=404)
    return preview_of(request, get_object_or_404(Specialty, pk=key))


def preview_of(request, specialty, page=None, **context):
    """Answer with the guide and in place all that waits for a decision or its time; with `page`, what it says alone."""
    proposals = specialty.proposals.not_in_force()
    pages = specialty.imported_pages.filter(pk__in=proposals.values("page")).order_by("created_at")
    if page:
        proposals, pages = proposals.filter(page=page), [page]
    proposed = {proposal.question_id: proposal for proposal in proposals.order_by("created_at")}
    entries = [as_proposed(entry, proposed.get(entry.question.pk)) for entry in specialty.entries()]
    context |= {"parts": [], "advisors": [*specialty.advisors.all()], "resources": [*specialty.resources.all()]}
    for each in pages:
        add_parts(context, specialty, each)
    context |= {
        "specialty": specialty,
        "entries": entries,
        "standing": specialty.standing(entries),
        "is_preview": True,
        "proposed": len(proposed),
    }
    return render(request, "specialties/guide.html", context)


def add_parts(context, specialty, page):
    """Put the other parts of an imported page in place as if they were taken over; nothing of it is stored."""
    page.specialty = specialty
    context["parts"] += [part.label for part in page.parts if part.label not in context["parts"]]
    for name, value in page.fields.items():
        setattr(specialty, name, value or getattr(specialty, name))
    specialty.recommendations = Specialty._meta.get_field("recommendations").cleaned(specialty.recommendations)
    for named in page.new_advisors:
        if len(named.meant) < 2:  # in doubt nobody is taken over
            context["advisors"].append(named.meant[0] if named.meant else named.new())
    context["resources"] += filter(can_be_stored, (Resource(**found) for found in page.new_resources))


def can_be_stored(resource):
    try:
        resource.clean_fields(exclude=["specialty"])
    except ValidationError:  # an address that is none, which must not become a link either
        return False
    return True


def as_proposed(answer, proposal):
    """Return the answer, or in its place an unsaved one with the proposed text."""
    if not proposal:
        return answer
    proposed = Answer(specialty=answer.specialty, question=answer.question, edited_at=timezone.now())
    proposed.short_answer, proposed.body = proposal.text
    proposed.is_proposed = True
    return proposed
