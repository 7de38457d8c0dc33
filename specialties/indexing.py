"""Writes what a search finds, in the transaction of the edit that changed it, so that the next search knows it."""

from django.db import transaction
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete
from django.dispatch import receiver

from .fields import plain_text
from .models import Advisor, Answer, Question, Specialty
from .search import SearchEntry
from .words import indexed

LONGEST_TEXT = 50_000  # characters that are searched: what comes after costs every search time


@transaction.atomic
def index(specialties, question=None):
    """Write anew what is found of these specialties' guides; with a `question`, only of their answers to it."""
    asked, only = Question.objects.asked(), [question] if question else []
    if question:
        asked = asked.filter(pk=question.pk)
    # in order, so that two edits at once write one after the other
    locked = specialties.select_for_update(of=("self",), no_key=True).order_by("pk")
    specialties = list(locked.with_answers(*only).with_advisors())
    stale = SearchEntry.objects.filter(specialty__in=specialties)
    entries = [entry for specialty in specialties for entry in answers_of(specialty, asked)]
    if question:
        stale = stale.filter(question=question)
    else:
        entries += [entry for specialty in specialties for entry in parts_of(specialty)]
    SearchEntry.objects.replace(stale, entries)


def answers_of(specialty, questions):
    answers = (specialty.answer_to(question) for question in questions)
    for answer in filter(None, answers):
        question = answer.question
        yield entry(
            specialty,
            question.text,
            plain_text(answer.body),
            also=[question.label, question.other_wordings, answer.short_answer],
            question=question,
            anchor=question.key,
            short_answer=answer.short_answer,
            is_blank=answer.is_blank,
        )


def parts_of(specialty):
    yield entry(specialty, specialty.name, f"{specialty.summary}\n{specialty.quote}", also=[specialty.abbreviation])
    if recommendations := plain_text(specialty.recommendations):
        yield entry(specialty, "Overall Recommendations", recommendations, anchor="recommendations")
    for advisor in specialty.advisors.all():
        yield entry(specialty, str(advisor), f"{advisor.role}\n{advisor.bio}", advisor=advisor)


def entry(specialty, heading, text, *, also=(), **fields):
    """Return an unsaved entry; `also` is found like its heading without being shown."""
    return SearchEntry(
        specialty=specialty,
        heading=heading,
        text=text[:LONGEST_TEXT],
        heading_words=indexed(heading, *also),
        text_words=indexed(text[:LONGEST_TEXT], specialty.name, specialty.abbreviation),
        **fields,
    )


@receiver(post_save, sender=Specialty)
def specialty_saved(instance, raw, **kwargs):
    if not raw:
        index(Specialty.objects.filter(pk=instance.pk))


@receiver(pre_delete, sender=Specialty)
@receiver(pre_delete, sender=Question)
@receiver(pre_delete, sender=Advisor)
def deleted(sender, instance, **kwargs):
    SearchEntry.objects.replace(SearchEntry.objects.filter(**{sender._meta.model_name: instance}), [])


@receiver(post_save, sender=Answer)
def answer_saved(instance, raw, **kwargs):
    if not raw:
        index(Specialty.objects.filter(pk=instance.specialty_id), instance.question)


@receiver(post_delete, sender=Answer)
def answer_deleted(instance, origin, **kwargs):
    if isinstance(origin, Answer) or getattr(origin, "model", None) is Answer:  # not along with its specialty
        index(Specialty.objects.filter(pk=instance.specialty_id), instance.question)


@receiver(post_save, sender=Question)
def question_saved(instance, raw, update_fields, **kwargs):
    if not raw and update_fields != {"position"}:  # where it stands, nothing that is found tells
        index(Specialty.objects.all(), instance)


@receiver(post_save, sender=Advisor)
def advisor_saved(instance, raw, **kwargs):
    if not raw:
        index(Specialty.objects.filter(advisors=instance))


@receiver(m2m_changed, sender=Advisor.specialties.through)
def advisors_changed(instance, action, reverse, pk_set, **kwargs):
    """`instance` is an advisor, or in reverse a specialty."""
    if action == "pre_clear":
        whose = {"specialty": instance, "advisor__isnull": False} if reverse else {"advisor": instance}
        SearchEntry.objects.filter(**whose).delete()
    elif action in ("post_add", "post_remove"):
        index(Specialty.objects.filter(pk__in=[instance.pk] if reverse else pk_set))
