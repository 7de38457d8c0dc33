"""A guide as it would be: a draft, or one with the texts that are proposed for it."""

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from .models import Answer, Specialty
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
    """Answer with the guide, with every text that waits for a decision or its time in place; with `page`, its alone."""
    proposals = specialty.proposals.not_in_force()
    if page:
        proposals = proposals.filter(page=page)
    proposed = {proposal.question_id: proposal for proposal in proposals.order_by("created_at")}
    entries = [as_proposed(entry, proposed.get(entry.question.pk)) for entry in specialty.entries()]
    context |= {
        "specialty": specialty,
        "entries": entries,
        "resources": specialty.resources.all(),
        "standing": specialty.standing(entries),
        "is_preview": True,
        "proposed": len(proposed),
    }
    return render(request, "specialties/guide.html", context)


def as_proposed(answer, proposal):
    """Return the answer, or in its place an unsaved one with the proposed text."""
    if not proposal:
        return answer
    proposed = Answer(specialty=answer.specialty, question=answer.question, edited_at=timezone.now())
    proposed.short_answer, proposed.body = proposal.text
    proposed.is_proposed = True
    return proposed
