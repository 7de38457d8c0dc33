"""A department's page: its answers one by one, each said to be still right, or with another text proposed."""

from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from .fields import as_typed
from .models import Review
from .models.reviews import NotNow, shown_as
from .private_pages import private_page
from .review_forms import AnswerForm, ConfirmForm, EverythingForm, FinishForm, NameForm, ProposeForm, propose_form

FORMS = {"confirm": ConfirmForm, "propose": ProposeForm, "everything": EverythingForm, "finish": FinishForm}


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def review(request, signed):
    """Only a POST says anything: mail scanners open links, and some run what they find."""
    review = Review.objects.signed(signed).select_related("specialty").first()
    if review is None:
        return render(request, "specialties/review_unknown.html", status=404)
    said = None
    if request.method == "POST":
        said = FORMS.get(request.POST.get("action"), NameForm)(request.POST, review=review)
        try:
            if said.is_valid() and (place := said.apply()) is not None:
                return redirect(f"{review.get_absolute_url()}{place}")
        except NotNow:
            return redirect(review)  # the page says that it is over
        review.refresh_from_db()
    if not review.is_open:
        return render(request, "specialties/review_over.html", {"review": review})
    code = 200 if said is None else 422 if said.errors else 409
    return render(request, "specialties/review.html", page_of(review, said), status=code)


def page_of(review, said):
    """Return what the page shows; where something `said` was not done, it stands beside what it was said of."""
    entries = review.entries()
    for entry in entries:
        entry.shown, entry.propose_form = shown_as(entry), propose_form(entry, review)
        entry.as_shown = "\n\n".join(filter(None, [entry.short_answer, as_typed(entry.body)]))
        if isinstance(said, AnswerForm) and said.data.get("key") == entry.question.key:
            entry.said = said
            if isinstance(said, ProposeForm):
                said.auto_id, entry.propose_form = entry.propose_form.auto_id, said
    return {
        "review": review,
        "specialty": review.specialty,
        "entries": entries,
        "blank": sum(entry.is_blank for entry in entries),
        "done": sum(entry.is_done for entry in entries),
        "not_said": [entry for entry in entries if not (entry.is_blank or entry.is_done)],
        "name_form": said if type(said) is NameForm else NameForm(review=review),
        "said": said,
    }
