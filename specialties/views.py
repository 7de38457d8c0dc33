from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from . import structured_data
from .comparison import Comparison
from .models import Advisor, Question, Specialty, Stage, Synonym
from .query import Query
from .search import search


@require_safe
def specialty_list(request):
    specialties = list(Specialty.objects.published().with_advisors().with_answer_count())
    questions = Question.objects.asked_of_all().count()
    shown = specialties
    if request.GET.get("advisor"):
        shown = [specialty for specialty in shown if specialty.has_available_advisor]
    if request.GET.get("answers"):
        shown = [specialty for specialty in shown if specialty.answer_count == questions]
    context = {"specialties": specialties, "shown": shown, "questions": questions}
    return render(request, "specialties/list.html", context)


@require_safe
def guide(request, slug):
    specialty = get_object_or_404(Specialty.objects.published().with_advisors().with_answers(), slug=slug)
    entries = specialty.entries()
    context = {
        "specialty": specialty,
        "entries": entries,
        "advisors": specialty.advisors.all(),
        "resources": specialty.resources.all(),
        "standing": specialty.standing(entries),
        "structured_data": structured_data.faq_page(specialty, entries),
        "is_preview": False,
    }
    return render(request, "specialties/guide.html", context)


@require_safe
def advisor(request, slug):
    advisor = get_object_or_404(Advisor.objects.on_site().with_published_specialties(), slug=slug)
    context = {"advisor": advisor, "structured_data": structured_data.person(advisor)}
    return render(request, "specialties/advisor.html", context)


@require_safe
def question_list(request):
    questions = Question.objects.asked_of_all().with_answer_count()
    context = {"questions": questions, "guides": Specialty.objects.published().count()}
    return render(request, "specialties/questions.html", context)


@require_safe
def question(request, key):
    questions = Question.objects.asked_of_all()
    question = next((each for each in questions if each.key == key), None)
    if question is None:
        raise Http404
    specialties = Specialty.objects.published().with_answers(question)
    entries = [specialty.answer_to(question) for specialty in specialties]
    context = {
        "question": question,
        "questions": questions,
        "entries": entries,
        "given": [entry for entry in entries if not entry.is_blank],
        "blank": [entry for entry in entries if entry.is_blank],
    }
    return render(request, "specialties/question.html", context)


@require_safe
def compare(request):
    specialties = Specialty.objects.published()
    comparison = Comparison(request.GET.getlist("s"), specialties)
    context = {"comparison": comparison, "specialties": specialties}
    if comparison.is_complete:
        context["rows"] = comparison.rows()
    return render(request, "specialties/compare.html", context)


@require_safe
def search_page(request):
    specialties, stages = list(Specialty.objects.published()), list(Stage.objects.all())
    narrowing = {
        "specialty": next((each for each in specialties if each.slug == request.GET.get("specialty")), None),
        "stage": next((each for each in stages if each.slug == request.GET.get("stage")), None),
    }
    query = Query(request.GET.get("q", ""), Synonym.objects.all())
    questions = list(Question.objects.asked_of_all())
    context = {
        **narrowing,
        "query": query,
        "results": search(query, **narrowing),
        "questions": [question for question in questions if query.is_in(question.all_wordings)],
        "specialties": specialties,
        "stages": stages,
    }
    if not context["results"].groups:
        context["suggestion"] = query.suggestion([*map(str, specialties), *(each.all_wordings for each in questions)])
    return render(request, "specialties/search.html", context)
