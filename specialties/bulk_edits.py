"""Answers and advisors as the lines of a spreadsheet, out and in again: all of what changed, or nothing."""

import re
from datetime import datetime

from django import forms
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import OuterRef, Prefetch, Subquery
from django.forms.models import construct_instance
from django.utils.functional import cached_property
from django.utils.text import normalize_newlines

from .charts import Table
from .content_files import rich_text
from .fields import RichTextField, plain_text
from .models import Advisor, Answer, Question, Specialty
from .spreadsheets import LONGEST_CELL, Formula, Unreadable, harmless, without_apostrophe
from .versions import difference

LAST_EDITED = "last edited"
TAG = re.compile(r"<[A-Za-z/!]")


class YesNo(forms.Field):
    def to_python(self, value):
        if value not in ("yes", "no"):
            raise ValidationError("Say yes or no. A blank is neither.")
        return value == "yes"


class Slug(forms.Field):
    """A row by its slug, of those `known` to the sheet, so that no line asks for its own."""

    known = {}

    def to_python(self, value):
        return self.row(value) if value else None

    def row(self, slug):
        if slug not in self.known:
            raise ValidationError(f"Select a valid choice. {slug} is not one of the available choices.")
        return self.known[slug]


class Slugs(Slug):
    def to_python(self, value):
        return [self.row(slug.strip()) for slug in value.split(",") if slug.strip()]


class LineForm(forms.ModelForm):
    def _post_clean(self):
        """Django would look for the fields of what the row finds wrong, of which a line has only some."""
        construct_instance(self, self.instance, self._meta.fields)


class AnswerLine(LineForm):
    class Meta:
        model = Answer
        fields = ["short_answer", "body", "confirmed_on", "confirmed_by"]


class AdvisorLine(LineForm):
    show_email = YesNo()
    accepts_requests = YesNo()
    on_selection_committee = YesNo()
    stand_in = Slug(required=False)
    specialties = Slugs(required=False)

    class Meta:
        model = Advisor
        fields = [
            *("name", "credentials", "role", "specialties", "email", "show_email", "profile_url", "bio"),
            *("accepts_requests", "request_limit", "on_selection_committee", "away_from", "away_until", "stand_in"),
        ]


class Line:
    """A line of a file beside the row it is about: what would change, and what is wrong with it."""

    def __init__(self, number, cells, row=None, error=""):
        self.number, self.cells, self.row = number, cells, row
        self.errors, self.changes, self.form = [error] if error else [], [], None

    def __str__(self):
        return str(self.row) if self.row else ", ".join(filter(None, map(str, self.cells.values())))[:60]

    @property
    def is_new(self):
        return self.row.pk is None

    @property
    def differences(self):
        """Yield each column that changes, with its word diff."""
        for heading, field, before, after in self.changes:
            yield heading, difference(readable(before, field), readable(after, field))


class Sheet:
    """Rows of one model that a user works with, keyed by what people know them by."""

    keys, form, reading, notes, known = [], None, "", [], {}

    def __init__(self, user):
        self.user = user

    @property
    def fields(self):
        return {field.verbose_name: field for field in map(self.model._meta.get_field, self.form._meta.fields)}

    @property
    def model(self):
        return self.form._meta.model

    @property
    def headings(self):
        return [*self.keys, *self.notes, *self.fields, LAST_EDITED]

    def allows(self, verb):
        return self.user.has_perm(f"specialties.{verb}_{self.model._meta.model_name}")

    def table(self):
        return Table(self.title, self.headings, map(self.line_of, self.rows()))

    def line_of(self, row):
        texts = [text_of(row, field) for field in self.fields.values()]
        return [*self.key_of(row), *self.notes_of(row), *texts, stamp(row)]

    def notes_of(self, row):
        return []

    def check(self, lines):
        """Return a Line for each line of a file that says something else than its row, or that is wrong.

        Raises Unreadable where the columns are not those of the table.
        """
        headings = [str(heading).strip().lower() for heading in lines[0]] if lines else []
        while headings and not headings[-1]:
            headings.pop()
        self.check_headings(headings)
        rows = {self.key_of(row): row for row in self.rows()}
        found, seen = [], set()
        for number, cells in enumerate(lines[1:], start=2):
            padded = [*cells, *[""] * len(headings)]  # a program may leave out the blanks at the end of a line
            line = self.read(number, dict(zip(headings, padded, strict=False)), rows, seen)
            found += [line] if line and (line.errors or line.changes) else []
        return found

    def check_headings(self, headings):
        missing = [name for name in (*self.keys, LAST_EDITED) if name not in headings]
        unknown = [name or "without a name" for name in headings if name not in self.headings]
        twice = {name for name in headings if headings.count(name) > 1}
        for names, problem in ((missing, "Missing"), (unknown, "Unknown"), (sorted(twice), "Twice in the file")):
            if names:
                raise Unreadable(f"{problem}: column {', '.join(names)}. Export the table and edit that.")

    def read(self, number, cells, rows, seen):
        if not any(cells.values()):
            return None
        key = tuple(str(cells.get(name, "")).strip() for name in self.keys)
        line = Line(number, cells, rows.get(key) or self.new_row(key, cells))
        if not line.row:
            line.errors = [self.unknown(key)]
        elif key in seen:
            line.errors = ["This is in the file twice."]
        else:
            seen.add(key)
            self.compare(line)
        return line

    def compare(self, line):
        """Note what a line changes, and what speaks against it."""
        changed = {
            heading: field
            for heading, field in self.fields.items()
            if heading in line.cells and not same(line.cells[heading], text_of(line.row, field))
        }
        if not changed:
            return
        before = {heading: text_of(line.row, field) for heading, field in changed.items()}
        line.errors = [*wrong_cells(line, changed, before)] or self.fill_in(line, changed)
        if not line.errors:
            after = {heading: self.new_text(line, field) for heading, field in changed.items()}
            line.changes = [
                (heading, field, before[heading], after[heading])
                for heading, field in changed.items()
                if before[heading] != after[heading]
            ]
        if line.errors or line.changes:
            line.errors += self.refusals(line)

    def refusals(self, line):
        if not self.allows("add" if line.is_new else "change"):
            yield "You may not change this."
        if str(line.cells.get(LAST_EDITED, "")).strip() != stamp(line.row):
            yield "Somebody edited this after the export. Export anew, and edit that."

    def fill_in(self, line, changed):
        """Put the changed cells into the row in memory, as a form does. Returns what is wrong with them.

        What is unique of a row is its key, and other rows are of those known: neither is asked for line by line.
        """
        data = {field.name: value_of(line.cells[heading], field) for heading, field in changed.items()}
        line.form = self.form(data, instance=line.row)
        for name in set(line.form.fields) - set(data):
            del line.form.fields[name]
        for name in set(line.form.fields) & set(self.known):
            line.form.fields[name].known = self.known[name]
        errors = {**line.form.errors}
        relations = {field.name for field in self.model._meta.fields if field.is_relation}
        try:
            line.row.full_clean(exclude=relations | set(errors), validate_unique=False, validate_constraints=False)
        except ValidationError as error:
            errors |= error.message_dict
        labels = {field.name: f"{heading}: " for heading, field in self.fields.items()}
        return [f"{labels.get(name, '')}{message}" for name, messages in errors.items() for message in messages]

    def new_text(self, line, field):
        if field.many_to_many:
            return slugs(line.form.cleaned_data[field.name])
        text = text_of(line.row, field)
        return field.cleaned(text) if isinstance(field, RichTextField) else text

    @transaction.atomic
    def write(self, lines):
        """Store what the lines change and return them; where one is wrong, store nothing."""
        self.lock(lines)
        found = self.check(lines)
        if not any(line.errors for line in found):
            for line in found:
                self.store(line)
        return found

    def store(self, line):
        line.row._change_reason = "spreadsheet"
        names = [name for name in line.form.cleaned_data if not self.model._meta.get_field(name).many_to_many]
        line.row.save(update_fields=None if line.is_new else names)
        line.form._save_m2m()


class AnswerSheet(Sheet):
    title, form = "Answers", AnswerLine
    keys, notes = ["specialty", "question"], ["wording"]

    @cached_property
    def specialties(self):
        answers = with_last_change(Answer.objects.all())
        visible = Specialty.objects.visible_to(self.user).prefetch_related(Prefetch("answers", answers))
        return {specialty.slug: specialty for specialty in visible}

    @cached_property
    def questions(self):
        return {question.key: question for question in Question.objects.asked()}

    def rows(self):
        """Each question's answer in each guide, also where there is none yet."""
        pairs = ((guide, question) for guide in self.specialties.values() for question in self.questions.values())
        return [answer for guide, question in pairs if (answer := guide.answer_to(question))]

    def key_of(self, answer):
        return answer.specialty.slug, answer.question.key

    def notes_of(self, answer):
        return [answer.question.text]

    def new_row(self, key, cells):
        return None

    def unknown(self, key):
        specialty, question = key
        if specialty not in self.specialties:
            return f"There is no specialty “{specialty}” that you work with."
        if question not in self.questions:
            return f"There is no question “{question}”."
        return f"The question “{question}” is not asked of this specialty."

    def lock(self, lines):
        list(Specialty.objects.visible_to(self.user).order_by("pk").select_for_update(of=("self",), no_key=True))


class AdvisorSheet(Sheet):
    title, form, keys = "Advisors", AdvisorLine, ["advisor"]

    @cached_property
    def visible(self):
        return {specialty.slug for specialty in Specialty.objects.visible_to(self.user)}

    @cached_property
    def known(self):
        models = {"stand_in": Advisor, "specialties": Specialty}
        return {name: {row.slug: row for row in model.objects.all()} for name, model in models.items()}

    def rows(self):
        advisors = Advisor.objects.visible_to(self.user).select_related("stand_in").prefetch_related("specialties")
        return with_last_change(advisors)

    def key_of(self, advisor):
        return (advisor.slug,)

    def new_row(self, key, cells):
        """One that was never exported is added."""
        [slug] = key
        if cells.get(LAST_EDITED) or not slug or slug in self.known["stand_in"]:
            return None
        return Advisor(slug=slug)

    def unknown(self, key):
        return f"There is no advisor “{key[0]}” that you work with."

    def compare(self, line):
        super().compare(line)
        if line.form and "specialties" in line.form.cleaned_data:
            before = set(slugs(line.row.specialties.all()).split(", ")) if line.row.pk else set()
            after = {specialty.slug for specialty in line.form.cleaned_data["specialties"]}
            if others := (before ^ after) - self.visible - {""}:
                line.errors.append(f"specialties: you do not work with {', '.join(sorted(others))}.")

    def lock(self, lines):
        list(Advisor.objects.order_by("pk").select_for_update(no_key=True))


def with_last_change(rows):
    """Each with `last_change`, when the newest version of its history came."""
    of_row = rows.model.history.filter(id=OuterRef("pk")).order_by("-history_id")
    return rows.annotate(last_change=Subquery(of_row.values("history_date")[:1]))


def stamp(row):
    moment = getattr(row, "last_change", None)
    return moment.isoformat() if moment else ""


def text_of(row, field):
    """What a row says in a field, as a cell has it."""
    if field.many_to_many:
        return slugs(getattr(row, field.name).all()) if row.pk else ""
    value = getattr(row, field.name)
    if isinstance(value, models.Model):
        return value.slug
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def slugs(rows):
    return ", ".join(sorted(row.slug for row in rows))


def same(cell, text):
    """Whether a cell still holds what was exported, whatever the program that saved the file made of it."""
    return normal(str(date_of(cell))) in (normal(text), normal(harmless(text)), normal(harmless(text)[:LONGEST_CELL]))


def normal(text):
    return harmless(normalize_newlines(text)).strip()


def date_of(cell):
    return cell.date() if isinstance(cell, datetime) else cell


def value_of(cell, field):
    """Return what to fill into a form for a cell."""
    text = without_apostrophe(str(date_of(cell))).strip()
    if isinstance(field, RichTextField) and not TAG.search(text):
        return rich_text(normalize_newlines(text))
    return text.lower() if isinstance(field, models.BooleanField) else text


def readable(text, field):
    return plain_text(text) if isinstance(field, RichTextField) else text


def wrong_cells(line, changed, before):
    for heading, field in changed.items():
        cell = line.cells[heading]
        if isinstance(cell, Formula):
            yield f"{heading}: this is a formula. Write what it comes to, as text."
        elif isinstance(cell, datetime) and not isinstance(field, models.DateField):
            yield f"{heading}: a spreadsheet program made a date of this. Format the cell as text, and write it anew."
        elif len(str(cell)) >= LONGEST_CELL or len(before[heading]) >= LONGEST_CELL:
            yield f"{heading}: longer than a cell can be. Edit it in the staff pages."
