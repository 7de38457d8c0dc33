"""A vote on an answer is one press on its guide, which is cached and so holds no token; words have a page of their own.

Instead of a token a vote has the origin that browsers send with every POST: that of the page it was pressed on.
"""

from django.conf import settings
from django.core.signing import BadSignature
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from . import limits
from .feedback import SIGNER, WORDS_WITHIN, Feedback
from .forms import WordsForm
from .models import Answer

NOT_STORED = 0  # in place of a primary key, for who filled the field no person sees


@csrf_exempt
@never_cache
@require_POST
def vote(request, slug):
    if request.headers.get("Origin") != request.build_absolute_uri("/").rstrip("/"):
        return render(request, "403_csrf.html", status=403)
    is_helpful = "yes" in request.POST
    key = request.POST.get("yes" if is_helpful else "no")
    answers = Answer.objects.published().filter(specialty__slug=slug).select_related("question")
    answer = next((answer for answer in answers if answer.question.key == key), None)
    if answer is None:
        raise Http404
    limits.count("votes", limits.place_of(request), most=settings.VOTES_PER_HOUR, seconds=limits.HOUR)
    is_from_a_bot = request.POST.get("subject")
    stored = NOT_STORED if is_from_a_bot else answer.feedback.create(is_helpful=is_helpful).pk
    return redirect("specialties:feedback", SIGNER.sign(f"{answer.pk}-{stored}"))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def feedback(request, signed):
    """Thanks for a vote, and room for a few words, which are taken once."""
    answer, stored = voted_on(signed)
    form = WordsForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        if not form.is_from_a_bot:
            Feedback.objects.filter(pk=stored, words="").update(words=form.cleaned_data["words"])
        return redirect(f"{reverse('specialties:feedback', args=[signed])}?sent=yes")
    context = {"answer": answer, "form": form, "is_sent": "sent" in request.GET}
    return render(request, "specialties/feedback.html", context, status=422 if form.errors else 200)


def voted_on(signed):
    """Return the answer a link of ours is about and the primary key of the vote. Raises Http404 for any other link."""
    try:
        answer_pk, _, stored = SIGNER.unsign(signed, max_age=WORDS_WITHIN).partition("-")
    except BadSignature:
        raise Http404 from None
    answer = Answer.objects.published().filter(pk=answer_pk).select_related("question", "specialty").first()
    if answer is None:
        raise Http404
    return answer, stored
