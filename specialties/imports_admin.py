"""Pages and new texts that wait for a decision, in the admin."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from .conflicts import NoSilentOverwrite, SavesChanges
from .fields import plain_text
from .filters import OwnFilter
from .importing import Refused, read_for_guide
from .importing.content import content_of
from .importing.documents import LARGEST_FILE
from .models import ImportedPage, Proposal, Specialty, Stage
from .models.proposals import Decided, NotAsked, Source, State, WrittenOver


class ImportForm(forms.Form):
    """A page, pasted or as a file; valid only where it can be read as a guide."""

    specialty = forms.ModelChoiceField(
        queryset=Specialty.objects.all(),
        required=False,
        empty_label="As the page says",
        widget=UnfoldAdminSelectWidget,
    )
    text = forms.CharField(
        label="The page, pasted",
        required=False,
        strip=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12}),
        help_text="All of it, as you copy it from the browser.",
    )
    file = forms.FileField(
        label="Or a file",
        required=False,
        help_text="Text, HTML or Word (.docx).",
        widget=UnfoldAdminFileFieldWidget,
    )

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["specialty"].queryset = Specialty.objects.visible_to(user)

    def clean(self):
        text, file = self.cleaned_data.get("text"), self.cleaned_data.get("file")
        if bool(text) == bool(file):
            raise ValidationError("Paste the page, or choose its file: one of the two.")
        if file and file.size > LARGEST_FILE:
            raise ValidationError("This file is larger than 20 MB.")
        specialty = self.cleaned_data.get("specialty")
        try:
            page, specialty = read_for_guide(text or file.read(), specialty.name if specialty else "")
        except Refused as refusal:
            raise ValidationError(str(refusal)) from refusal
        if not (specialty or page.specialty):
            raise ValidationError(
                {"specialty": "The page does not say which specialty it is about. Please choose one."}
            )
        if specialty and not self.fields["specialty"].queryset.filter(pk=specialty.pk).exists():
            raise ValidationError(f"This is a page of {specialty}, whose guide is not yours to edit.")
        if not specialty and not self.user.has_perm("specialties.add_specialty"):
            raise ValidationError(f"There is no guide of {page.specialty} yet. The office can begin one.")
        self.cleaned_data |= {"page": page, "specialty": specialty}

    def keep(self, *, by):
        file, page = self.cleaned_data["file"], self.cleaned_data["page"]
        name = f"{page.specialty or self.cleaned_data['specialty']}, {file.name if file else 'pasted'}"[:200]
        return ImportedPage.objects.keep(content_of(page), name=name, specialty=self.cleaned_data["specialty"], by=by)


@admin.register(ImportedPage)
class ImportedPageAdmin(ModelAdmin):
    list_display = ["name", "specialty", "created_at", "author", "waiting"]
    list_select_related = ["author"]
    list_filter = [("specialty", OwnFilter)]

    def get_queryset(self, request):
        pages = super().get_queryset(request).visible_to(request.user)
        return pages.select_related("specialty").with_open_count()

    @display(description="to decide", ordering="open_count")
    def waiting(self, page):
        return page.open_count

    def add_view(self, request, form_url="", extra_context=None):
        if not self.has_add_permission(request):
            raise PermissionDenied
        sent = (request.POST, request.FILES) if request.method == "POST" else ()
        form = ImportForm(*sent, user=request.user)
        if form.is_valid():
            return HttpResponseRedirect(change_url(form.keep(by=request.user)))
        status = 422 if form.errors else 200
        return self.render(request, "import_form.html", status, form=form, title="Import a page")

    def change_view(self, request, object_id, form_url="", extra_context=None):
        if not self.has_view_permission(request):
            raise PermissionDenied
        page = self.get_object(request, object_id)
        if not page:
            raise Http404
        if request.method == "POST":
            if not self.has_change_permission(request):
                raise PermissionDenied
            try:
                self.decide(request, page)
            except ValidationError as error:
                messages.error(request, " ".join(error.messages))
            except IntegrityError:  # two who begin one guide, or keep one question, at the same moment
                messages.error(request, "Somebody did the same at this moment. Look again, and repeat it if need be.")
            return HttpResponseRedirect(request.get_full_path())
        return self.render(request, "imported_page.html", page=page, title=page.name)

    def render(self, request, template, status=200, **context):
        context = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return render(request, f"admin/specialties/{template}", context, status=status)

    @transaction.atomic
    def decide(self, request, page):
        """Do what a button of the preview says: its name, and for one entry the entry's number."""
        name, _, number = request.POST.get("decision", "").partition(":")
        entry = next((each for each in page.unmatched if str(each.number) == number), None)
        if name == "begin" and not page.specialty:
            self.begin(request, page)
        elif name in ("accept", "decline"):
            ticked = [each.pk for each in page.proposals.all() if str(each.pk) in request.POST.getlist("proposal")]
            at = forms.DateTimeField(required=False).clean(request.POST.get("at"))
            decide_all(request, page.proposals.filter(pk__in=ticked), name, at)
        elif name == "take_over" and page.specialty:
            parts = [
                part for part in request.POST.getlist("part") if part != "advisors" or may_add_advisors(request.user)
            ]
            page.take_over(
                parts, {part: request.POST[f"seen-{part}"] for part in parts if f"seen-{part}" in request.POST}
            )
            messages.success(request, "What you ticked is in the guide now.")
        elif name in ("match", "keep") and not may_ask(request.user):
            messages.error(request, "Only the office says which question this is, or adds one. You can leave it out.")
        elif name == "match" and entry:
            self.match(request, entry)
        elif name == "keep" and entry and page.specialty:
            stage = Stage.objects.filter(slug=entry.stage).first() or Stage.objects.first()
            entry.keep(stage, by=request.user)
            messages.success(request, f"“{entry.wording}” is a question of this specialty alone now.")
        elif name == "skip" and entry:
            entry.skip()

    def begin(self, request, page):
        page = page.locked()
        if guide := page.specialty or page.begun_meanwhile:
            page.join(guide, by=request.user)
            messages.info(request, f"There is a guide of {guide} meanwhile. The page is compared with it now.")
        else:
            page.begin_guide(by=request.user)
            messages.success(
                request, f"A draft guide of {page.specialty} was made. Nobody sees it before it is published."
            )

    def match(self, request, entry):
        question = entry.page.questions.get(request.POST.get(f"question-{entry.number}"))
        if question:
            entry.match(question)
            messages.success(request, f"Taken for “{question}”, and its wording is remembered.")
        else:
            messages.error(request, "Please choose the question of the bank that it is.")


class ProposalForm(NoSilentOverwrite):
    def clean(self):
        super().clean()
        if self.instance.pk and not self.fields and "body" in self.data:
            names = ("short_answer", "body")
            mine = [self.data[name] for name in names if self.data.get(name) != self.data.get(f"initial-{name}")]
            not_stored = " ".join(f"Yours is not stored: “{plain_text(text)}”." for text in mine)
            raise ValidationError(f"Somebody {self.instance.get_state_display()} this meanwhile. {not_stored}")


@admin.register(Proposal)
class ProposalAdmin(ModelAdmin, SavesChanges):
    form = ProposalForm
    list_display = ["question", "specialty", "source", "who", "state_label", "takes_effect_at", "created_at"]
    list_filter = ["state", "source", ("specialty", OwnFilter)]
    list_select_related = ["question", "specialty", "author"]
    search_fields = ["specialty__name", "question__label", "question__text"]
    autocomplete_fields = ["specialty", "question"]
    actions = ["accept_ticked", "decline_ticked"]
    actions_submit_line = ["accept", "decline"]
    fields = ["specialty", "question", "was", "short_answer", "body", "takes_effect_at"]

    def get_queryset(self, request):
        return super().get_queryset(request).visible_to(request.user)

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        kwargs["queryset"] = db_field.related_model.objects.visible_to(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_readonly_fields(self, request, obj=None):
        if obj is None:
            return []
        decided = ["short_answer", "body", "takes_effect_at"] if obj.state != State.OPEN else []
        return ["specialty", "question", "was", *decided]

    def get_fields(self, request, obj=None):
        return [name for name in self.fields if obj or name != "was"]

    def get_actions_submit_line(self, request, object_id):
        """Both while nobody has decided; one whose time is still to come can be called off."""
        proposal = self.get_object(request, object_id)
        buttons = super().get_actions_submit_line(request, object_id)
        if proposal and proposal.is_scheduled:
            return [button for button in buttons if button.action_name.endswith("_decline")]
        return buttons if proposal and proposal.state == State.OPEN else []

    def lock(self, proposal):
        Specialty.objects.select_for_update(no_key=True).get(pk=proposal.specialty_id)  # first, as everywhere
        super().lock(proposal)

    def save_model(self, request, obj, form, change):
        if not change or {"short_answer", "body"} & {*form.changed_data}:  # whose words they are now
            obj.source, obj.author, obj.author_name = Source.STAFF, request.user, ""
        super().save_model(request, obj, form, change)

    def written(self, changed):
        return changed | {"source", "author", "author_name"}

    @display(description="what changes")
    def was(self, proposal):
        """Also what it was compared with, for the decision that is sent back."""
        lines = [
            ("differences", proposal.short_answer_differences),
            ("differences", proposal.body_differences),
            ("warning", proposal.caution),
        ]
        seen = format_html('<input type="hidden" name="seen-{}" value="{}">', proposal.pk, proposal.compared_with)
        return seen + format_html_join("", '<p class="{}">{}</p>', [line for line in lines if line[1]])

    @display(
        description="state",
        ordering="state",
        label={State.OPEN: "warning", State.ACCEPTED: "success", State.DECLINED: "info"},
    )
    def state_label(self, proposal):
        return proposal.state, "waits for its time" if proposal.is_scheduled else proposal.get_state_display()

    @action(description="Accept", permissions=["change"])
    def accept(self, request, obj):
        decide(request, obj, "accept", at=obj.takes_effect_at)

    @action(description="Decline", permissions=["change"])
    def decline(self, request, obj):
        decide(request, obj, "decline")

    @action(description="Accept", permissions=["change"])
    def accept_ticked(self, request, queryset):
        decide_all(request, queryset, "accept")

    @action(description="Decline", permissions=["change"])
    def decline_ticked(self, request, queryset):
        decide_all(request, queryset, "decline")


def decide_all(request, proposals, verb, at=None):
    """Accept or decline each; say how many it was, and of each refusal why."""
    proposals = proposals.with_answers()
    done = [decide(request, proposal, verb, at=at or proposal.takes_effect_at) for proposal in proposals]
    if any(done):
        messages.success(request, f"{sum(done)} {'accepted' if verb == 'accept' else 'declined'}.")
    if not done:
        messages.warning(request, "Nothing was ticked.")


def decide(request, proposal, verb, at=None):
    """Return whether the proposal could be accepted or declined; the reason why not becomes a message."""
    seen = request.POST.get(f"seen-{proposal.pk}")
    try:
        if verb == "accept":
            proposal.accept(by=request.user, compared_with=seen, at=at)
        else:
            proposal.decline(by=request.user)
    except Decided:
        messages.error(request, f"{proposal}: somebody decided that before.")
        return False
    except NotAsked:
        messages.error(request, f"{proposal}: only another specialty is asked this now. You can decline the text.")
        return False
    except WrittenOver:
        messages.error(request, f"{proposal}: the answer was edited meanwhile. Look at the difference again.")
        return False
    return True


def may_ask(user):
    return user.has_perms(["specialties.add_question", "specialties.change_question"])


def may_add_advisors(user):
    return user.has_perms(["specialties.add_advisor", "specialties.change_advisor"])


def change_url(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
