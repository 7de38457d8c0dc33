from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Max, Prefetch
from django.http import Http404
from django.utils.functional import cached_property
from django.utils.html import format_html
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldBooleanSwitchWidget

from .bulk_admin import HasSpreadsheet
from .bulk_edits import AdvisorSheet, AnswerSheet
from .conflicts import NoSilentOverwrite, SavesChanges
from .filters import OwnFilter
from .history_admin import KeepsHistory, KeepsHistoryOfGuide
from .models import Advisor, Answer, Feedback, Question, Resource, Specialty, Stage, Synonym
from .photos import PhotoField, smaller
from .previews import link_for_department, preview_of


class OnSite:
    """Link straight to the public page, and only where a reader would find it."""

    def view_on_site(self, obj):
        return obj.get_absolute_url() if self.is_on_site(obj) else None


class AnswerForm(NoSilentOverwrite):
    @property
    def asked_question(self):
        return self.instance.question if self.instance.question_id else None

    @property
    def place(self):
        """Where its question comes on the guide, as something to sort by."""
        question = self.asked_question
        return (question.stage.position, question.position, question.pk) if question else ()

    def has_changed(self):
        return bool(set(self.changed_data) - {"question"})


class AnswerFormSet(forms.BaseInlineFormSet):
    """The answers a specialty has, and an empty form for each question it has not answered yet."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.answered = {answer.question_id: answer for answer in self.get_queryset()}
        self.initial_extra = [{"question": pk} for pk in self.asked if pk not in self.answered]
        self.extra = len(self.initial_extra)

    @cached_property
    def asked(self):
        """The questions asked of the specialty, by primary key."""
        questions = Question.objects.asked_of(self.instance if self.instance.pk else None)
        return {question.pk: question for question in questions}

    def add_fields(self, form, index):
        super().add_fields(form, index)
        if form.instance.pk:
            form.empty_permitted = True  # so that an answer nobody touched is not looked through again
            return
        form.fields["question"] = forms.ChoiceField(choices=[(pk, pk) for pk in self.asked], widget=forms.HiddenInput)
        if (pk := str(form["question"].value())).isdecimal() and (question := self.asked.pop(int(pk), None)):
            # It has one answer, which somebody else may have written meanwhile.
            form.instance = self.answered.get(question.pk) or Answer(question=question)

    @property
    def unconfirmed(self):
        """The questions whose new answers lost their confirmation in this save, which the editor did not ask for."""
        return [
            form.instance.question
            for form in self.initial_forms
            if form.initial.get("confirmed_on")
            and not form.instance.confirmed_on
            and "confirmed_on" not in form.changed_data
        ]


class AnswerInline(StackedInline):
    model = Answer
    form = AnswerForm
    formset = AnswerFormSet
    template = "admin/specialties/answers.html"
    fields = ["short_answer", "body", ("confirmed_on", "confirmed_by")]
    can_delete = False
    tab = True

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("question__stage", "specialty")


class ResourceFormSet(forms.BaseInlineFormSet):
    def save_new(self, form, commit=True):
        form.instance.position = next_position(self.instance.resources)
        return super().save_new(form, commit)


class ResourceInline(TabularInline):
    model = Resource
    form = NoSilentOverwrite
    formset = ResourceFormSet
    fields = ["label", "url", "note", "position"]
    ordering_field = "position"
    hide_ordering_field = True
    extra = 0
    tab = True


class AdvisorChoiceFormSet(forms.BaseInlineFormSet):
    """Offers every row the same advisors, asked for once.

    What it changes goes by the relation and not by its rows, so that the search and the history hear of it.
    """

    @cached_property
    def choices(self):
        return [("", "---------"), *((advisor.pk, str(advisor)) for advisor in Advisor.objects.all())]

    def add_fields(self, form, index):
        super().add_fields(form, index)
        form.fields["advisor"].choices = self.choices

    def save_new(self, form, commit=True):
        self.instance.advisors.add(form.instance.advisor)
        return form.instance

    def save_existing(self, form, obj, commit=True):
        self.instance.advisors.remove(form.initial["advisor"])
        return self.save_new(form)

    def delete_existing(self, obj, commit=True):
        self.instance.advisors.remove(obj.advisor)


class AdvisorInline(TabularInline):
    model = Advisor.specialties.through
    formset = AdvisorChoiceFormSet
    verbose_name = "advisor"
    verbose_name_plural = "advisors"
    hide_title = True
    extra = 0
    tab = True

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("advisor", "specialty")


@admin.register(Specialty)
class SpecialtyAdmin(OnSite, HasSpreadsheet, KeepsHistoryOfGuide, ModelAdmin, SavesChanges):
    sheet = AnswerSheet
    actions_list = ["spreadsheet", "deleted"]
    list_display = ["name", "abbreviation", "is_published", "answered", "number_of_advisors", "updated_at"]
    list_filter = ["is_published"]
    search_fields = ["name", "abbreviation"]
    prepopulated_fields = {"slug": ["name"]}
    inlines = [AnswerInline, ResourceInline, AdvisorInline]
    actions_detail = ["preview"]
    warn_unsaved_form = True
    fieldsets = [
        (None, {"fields": [("name", "abbreviation"), ("slug", "is_published"), "summary"]}),
        ("Guide text", {"fields": ["quote", "quote_source", "recommendations"]}),
        ("For more information", {"fields": ["department", "address", ("phone", "email")]}),
    ]

    @action(description="Preview", permissions=["view"], attrs={"target": "_blank"})
    def preview(self, request, object_id):
        """The guide as it would be, with what is proposed; `page` in the address: with that page's proposals alone."""
        specialty = self.get_object(request, object_id)
        if not specialty:
            raise Http404
        pages = specialty.imported_pages.all()
        page = next((page for page in pages if str(page.pk) == request.GET.get("page")), None)
        return preview_of(request, specialty, page, link=link_for_department(specialty))

    def is_on_site(self, specialty):
        return specialty.is_published

    def get_queryset(self, request):
        return super().get_queryset(request).visible_to(request.user).with_answer_count().with_advisor_count()

    def get_readonly_fields(self, request, obj=None):
        may_publish = request.user.has_perm("specialties.publish_specialty")
        return [*super().get_readonly_fields(request, obj), *([] if may_publish else ["is_published"])]

    def written(self, changed):
        """ "Last edited" is when a word changed, not when the guide was published or Save was pressed."""
        return changed | {"updated_at"} if changed - {"slug", "is_published"} else changed

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if any(formset.model is Resource and formset.has_changed() for formset in formsets):
            form.instance.save(update_fields=["updated_at"])  # a word of the guide, too

    def save_formset(self, request, form, formset, change):
        super().save_formset(request, form, formset, change)
        if isinstance(formset, AnswerFormSet) and formset.unconfirmed:
            questions = ", ".join(map(str, formset.unconfirmed))
            messages.warning(
                request, f"A new text took the confirmation back: {questions}. Ask the department whether it holds."
            )

    @display(description="answered questions", ordering="answer_count")
    def answered(self, specialty):
        return specialty.answer_count

    @display(description="advisors", ordering="advisor_count")
    def number_of_advisors(self, specialty):
        return specialty.advisor_count


class Sortable(SavesChanges):
    """Rows put into order by dragging; a new one comes last."""

    ordering_field = "position"
    hide_ordering_field = True

    def save_model(self, request, obj, form, change):
        if not change:
            obj.position = next_position(type(obj).objects)
        super().save_model(request, obj, form, change)


class QuestionForm(NoSilentOverwrite):
    means_the_same = forms.BooleanField(
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text="A new wording takes back what departments confirmed to the old one, unless it asks the same.",
    )


@admin.register(Question)
class QuestionAdmin(OnSite, KeepsHistory, Sortable, ModelAdmin):
    form = QuestionForm
    list_display = ["label", "text", "stage", "asked_of", "is_active"]
    list_filter = ["stage", "is_active"]
    list_select_related = ["stage", "specialty"]
    search_fields = ["label", "text", "key", "other_wordings"]
    autocomplete_fields = ["specialty"]
    exclude = ["position"]

    def get_queryset(self, request):
        return super().get_queryset(request).visible_to(request.user)

    def is_on_site(self, question):
        return bool(question.get_absolute_url())

    def get_fields(self, request, obj=None):
        return [name for name in super().get_fields(request, obj) if obj or name != "means_the_same"]

    def get_prepopulated_fields(self, request, obj=None):
        return {} if obj else {"key": ["label"]}

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        is_reworded = change and "text" in form.changed_data and form.initial["text"] != obj.text
        asks_otherwise = is_reworded and not form.cleaned_data["means_the_same"]
        if asks_otherwise and (taken_back := obj.take_back_confirmations()):
            messages.warning(request, f"The new wording took confirmations back: {taken_back}.")

    @display(description="asked of", ordering="specialty")
    def asked_of(self, question):
        return question.specialty or "all specialties"


@admin.register(Stage)
class StageAdmin(KeepsHistory, Sortable, ModelAdmin):
    list_display = ["name", "slug"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}
    exclude = ["position"]


@admin.register(Synonym)
class SynonymAdmin(KeepsHistory, ModelAdmin, SavesChanges):
    list_display = ["words"]
    search_fields = ["words"]


@admin.register(Feedback)
class FeedbackAdmin(ModelAdmin):
    """What readers missed. Votes without words are counted on the page of what needs work."""

    list_display = ["words", "answer_link", "is_helpful", "state_label", "created_at"]
    list_display_links = None
    list_filter = ["state", "is_helpful"]
    list_select_related = ["answer__specialty", "answer__question"]
    search_fields = ["words", "answer__specialty__name", "answer__question__label"]
    actions = ["pass_on", "keep_back"]

    def get_queryset(self, request):
        return super().get_queryset(request).with_words().visible_to(request.user)

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_moderate_permission(self, request):
        return request.user.has_perm("specialties.moderate_feedback")

    @action(description="Pass on to the department", permissions=["moderate"])
    def pass_on(self, request, queryset):
        self.decide(request, queryset, Feedback.State.PASSED_ON)

    @action(description="Keep back", permissions=["moderate"])
    def keep_back(self, request, queryset):
        self.decide(request, queryset, Feedback.State.KEPT_BACK)

    def decide(self, request, queryset, state):
        number = queryset.update(state=state, moderated_by=request.user)
        messages.success(request, f"{number} {state.label}.")

    @display(description="answer")
    def answer_link(self, feedback):
        return format_html('<a class="underline" href="{}">{}</a>', feedback.answer.get_admin_url(), feedback.answer)

    @display(description="state", label={"to be read": "warning", "passed on to the department": "success"})
    def state_label(self, feedback):
        return feedback.get_state_display()


class AdvisorForm(NoSilentOverwrite):
    class Meta:
        field_classes = {"photo": PhotoField}

    def clean_photo(self):
        photo = self.cleaned_data["photo"]
        return smaller(photo) if photo and "photo" in self.changed_data else photo


@admin.register(Advisor)
class AdvisorAdmin(OnSite, HasSpreadsheet, KeepsHistory, ModelAdmin, SavesChanges):
    sheet = AdvisorSheet
    actions_list = ["spreadsheet", "deleted"]
    form = AdvisorForm
    list_display = [
        "full_name",
        "role",
        "advises_on",
        "availability",
        "open_of_limit",
        "on_selection_committee",
        "email",
    ]
    list_filter = [("specialties", OwnFilter), "accepts_requests", "on_selection_committee"]
    search_fields = ["name", "email"]
    prepopulated_fields = {"slug": ["name"]}
    autocomplete_fields = ["specialties", "stand_in"]
    fieldsets = [
        (None, {"fields": [("name", "credentials"), ("slug", "role"), "specialties"]}),
        ("Public profile", {"fields": ["photo", "bio", "profile_url", "email", "show_email"]}),
        ("Requests", {"fields": ["request_limit", ("accepts_requests", "on_selection_committee")]}),
        ("Away", {"fields": [("away_from", "away_until"), "stand_in"]}),
    ]

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        obj.refresh_from_db(fields=["open_requests"])
        if obj.open_requests and not obj.takes_requests:
            messages.warning(request, f"{obj} still has open requests: hand them over, if need be.")
        replaced = form.initial.get("photo")
        if replaced and replaced.name != obj.photo.name:
            transaction.on_commit(lambda: replaced.storage.delete(replaced.name))

    def is_on_site(self, advisor):
        return Advisor.objects.on_site().filter(pk=advisor.pk).exists()

    def get_queryset(self, request):
        known = (Specialty.objects.published() | Specialty.objects.visible_to(request.user)).distinct()
        known_specialties = Prefetch("specialties", known, to_attr="known_specialties")  # no draft of elsewhere
        return super().get_queryset(request).visible_to(request.user).prefetch_related(known_specialties)

    @display(description="name", ordering="name")
    def full_name(self, advisor):
        return str(advisor)

    @display(description="open / limit", ordering="open_requests")
    def open_of_limit(self, advisor):
        return f"{advisor.open_requests} / {advisor.request_limit}"

    @display(description="advises on")
    def advises_on(self, advisor):
        return ", ".join(specialty.short_name for specialty in advisor.known_specialties)


from . import imports_admin  # noqa: E402, F401 - registered like those above


def next_position(rows):
    return (rows.aggregate(last=Max("position"))["last"] or 0) + 1
