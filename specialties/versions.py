"""Reading what history keeps: versions beside the ones before them, and back to any of them."""

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Subquery, Value
from django.utils import timezone
from django.utils.formats import date_format, localize
from django.utils.html import format_html
from django.utils.text import capfirst

from .differences import differences
from .fields import RichTextField, plain_text
from .history import ADDED, CHANGED, DELETED, SILENT, deleted_with, related
from .models import Advisor, Answer, Question, Resource, Specialty

KINDS = {ADDED: "added", CHANGED: "changed", DELETED: "deleted"}
AS_IT_IS = SILENT | {"id", "slug", "key", "is_published", "is_sample", "photo"}  # in a row that gets old words back
PARTS_OF_A_GUIDE = [Question, Answer, Resource]  # in the order in which they can come back


class WrittenSince(Exception):
    """There is a newer version than the one that was looked at."""


class Version:
    """A row as a change left it, beside how it was before."""

    def __init__(self, record, before=None):
        self.record, self.before = record, before

    @property
    def name(self):
        """Whose words changed, as a page of a whole guide tells them apart."""
        match self.record:
            case record if record.instance_type is Answer:
                return str(record.question or "An answer to a question that is gone")
            case record if record.instance_type is Specialty and not self.is_deleted:
                return "Guide text"
            case record:
                return capfirst(f"{record.instance_type._meta.verbose_name} “{self.title}”")

    @property
    def title(self):
        return next(filter(None, (getattr(self.record, name, "") for name in ("label", "name", "words"))))

    @property
    def what(self):
        return KINDS[self.record.history_type]

    @property
    def who(self):
        if self.record.history_user:
            return self.record.history_user.get_full_name() or str(self.record.history_user)
        return "the portal" if self.record.history_change_reason else "somebody whose account is gone"

    @property
    def when(self):
        return date_format(timezone.localtime(self.record.history_date), "j F Y, H:i")

    @property
    def moment(self):
        return self.record.history_date.isoformat()

    @property
    def key(self):
        return f"{self.record.instance_type._meta.model_name}:{self.record.pk}"

    @property
    def seen_as(self):
        """The field that says, sent back, which version was the newest when the page was shown."""
        return f"newest-{self.record.instance_type._meta.model_name}-{self.record.id}"

    @property
    def is_deleted(self):
        return self.record.history_type == DELETED

    @property
    def is_restorable(self):
        """Whether the row is another now: what is deleted comes back as it was in the end."""
        is_newest = self.record.pk == self.record.newest
        return is_newest if self.is_deleted else not is_newest and self.record.still_there

    def may_be_restored_by(self, user):
        verb = "add" if self.is_deleted else "change"
        return self.is_restorable and user.has_perm(f"specialties.{verb}_{self.record.instance_type._meta.model_name}")

    @property
    def differences(self):
        """Yield the label and the word diff of each field that changed."""
        old, new = (self.record, None) if self.is_deleted else (self.before, self.record)
        context = {"id", "specialty", "question"} if self.record.instance_type in (Answer, Resource) else {"id"}
        for field in self.record.tracked_fields:
            if field.name not in SILENT | context and raw(old, field) != raw(new, field):
                yield capfirst(field.verbose_name), difference(shown(old, field), shown(new, field))
        if not self.is_deleted:  # then its relations went before it
            for field in self.record._history_m2m_fields:
                before, after = related_names(old, field), related_names(new, field)
                if before != after:
                    yield capfirst(field.verbose_name), difference(before, after)

    @transaction.atomic
    def restore(self, *, seen):
        """Make it the newest version, unless there is a newer one than `seen`. Returns the row.

        Raises WrittenSince, and ValidationError where what it says cannot be any more.
        """
        record = self.record
        Specialty.objects.select_for_update(no_key=True).filter(pk=specialty_of(record)).first()
        record.instance_type.objects.select_for_update(no_key=True).filter(pk=record.id).first()
        if str(newest(record)) != str(seen):
            raise WrittenSince
        return put_back(record)


class CameOrLeft(Version):
    """An advisor of a guide as its own page tells it: a change of the advisor that can only be taken back there."""

    name = "Advisors"
    is_restorable = False

    @property
    def what(self):
        return "added" if self.record.came else "taken away"

    @property
    def differences(self):
        """Nothing else of the advisor, who may advise on what a reader of this page does not see."""
        names = ("", self.record.name) if self.record.came else (self.record.name, "")
        yield "Name", difference(*names)


def raw(record, field):
    return (getattr(record, field.attname) if record else None) or None


def shown(record, field):
    """What a version says in a field, as a reader would see it."""
    value = getattr(record, field.name, None) if record else None
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if value in (None, ""):
        return ""
    return plain_text(value) if isinstance(field, RichTextField) else localize(timezone.template_localtime(value))


def difference(old, new):
    old, new = str(old), str(new)
    return differences(old, new) if old != new else format_html("{}\n{}", new, "Only its formatting or its links.")


def related_names(record, field):
    rows = getattr(record, reverse_name(field)).all() if record else []
    return ", ".join(
        sorted(str(getattr(row, field.related_model._meta.model_name) or "one that is gone") for row in rows)
    )


def reverse_name(field):
    return f"historical{field.remote_field.through._meta.model_name}_set"


def specialty_of(record):
    return record.id if record.instance_type is Specialty else getattr(record, "specialty_id", None)


def newest(record):
    return (
        record.instance_type.history.filter(id=record.id).order_by("-history_id").values_list("pk", flat=True).first()
    )


def put_back(record):
    model = record.instance_type
    row = model.objects.select_for_update(no_key=True).filter(pk=record.id).first()
    return rewrite(row, record) if row else bring_back(record)


def rewrite(row, record):
    """Give a row the words it had, and keep what is no word."""
    fields = [field for field in record.tracked_fields if field.name not in AS_IT_IS]
    names = {field.name for field in fields if getattr(row, field.attname) != getattr(record, field.attname)}
    for field in fields:
        setattr(row, field.attname, getattr(record, field.attname))
    confirm_only_what_was_asked(row, record)
    row.full_clean()
    row._change_reason = reason(record.history_date)
    if names:
        row.save(update_fields=names | ({"updated_at"} if isinstance(row, Specialty) else set()))
        date_guide(row)
    if isinstance(row, Question) and "text" in names:
        row.take_back_confirmations()
    for field in record._history_m2m_fields:
        set_related(row, record, field)
    return row


def bring_back(record):
    """Insert a deleted row as it was: a guide as a draft, with what was deleted along with it."""
    row = record.instance
    row._change_reason = reason(record.history_date)
    if isinstance(row, Specialty):
        row.is_published = False
    if isinstance(row, Advisor) and row.photo and not row.photo.storage.exists(row.photo.name):
        row.photo = ""
    confirm_only_what_was_asked(row, record)
    row.full_clean()
    if record.history_type == DELETED:  # its relations went before it
        record = record.instance_type.history.filter(id=record.id).exclude(history_type=DELETED).latest("history_id")
    row.save(force_insert=True)
    date_guide(row)
    for field in record._history_m2m_fields:
        set_related(row, record, field)
    if isinstance(row, Specialty):
        bring_back_parts(row)
    return row


def confirm_only_what_was_asked(row, record):
    """What a department confirmed to another wording of the question, it did not say of the one of today."""
    if isinstance(row, Answer) and row.confirmed_on:
        then = Question.history.filter(id=row.question_id, history_date__lte=record.history_date)
        now = Question.objects.filter(pk=row.question_id)  # or it was deleted, too
        if then.order_by("-history_id").values("text").first() != now.values("text").first():
            row.confirmed_on, row.confirmed_by = None, ""


def bring_back_parts(specialty):
    for model in PARTS_OF_A_GUIDE:
        for record in deleted(model).filter(specialty_id=specialty.pk, history_change_reason=deleted_with(Specialty)):
            if model is not Answer or Question.objects.filter(pk=record.question_id).exists():
                bring_back(record)
    versions = with_neighbours(advising_on(specialty))
    specialty.advisors.add(*Advisor.objects.filter(pk__in=[each.id for each in versions if each.pk == each.newest]))


def set_related(row, record, field):
    existing = field.related_model.objects.filter(pk__in=related(record, field.name))
    getattr(row, field.name).set(existing)


@transaction.atomic
def restore_guide(specialty, moment, *, seen, with_advisors=True):
    """Let a guide, its answers and its resources say what they said then, unless they changed since they were `seen`.

    Answers that were given later become blank, resources that came later go. Returns the names of those who advised
    then and cannot again. Raises like Version.restore.
    """
    specialty = Specialty.objects.select_for_update(no_key=True).get(pk=specialty.pk)
    if Versions(*versions_of_guide(specialty)).last_change != seen:
        raise WrittenSince
    for records in words_of_guide(specialty):
        then = Subquery(
            records.filter(id=OuterRef("id"), history_date__lte=moment).order_by("-history_id").values("history_id")[:1]
        )
        there = [record for record in records.filter(history_id=then) if record.history_type != DELETED]
        for record in there:
            put_back(record)
        for row in later(specialty, records.model.instance_type, {record.id for record in there}):
            take_back(row, moment)
    return restore_advisors(specialty, moment) if with_advisors else []


def restore_advisors(specialty, moment):
    """Let those advise on a guide who did then, and return the names of those who were deleted."""
    of_row = Advisor.history.filter(id=OuterRef("id"), history_date__lte=moment).order_by("-history_id")
    records = advising_on(specialty).filter(history_id=Subquery(of_row.values("history_id")[:1]))
    then = set(Advisor.objects.filter(pk__in=records.values("id")))
    for advisor in then ^ set(specialty.advisors.all()):
        advisor._change_reason = reason(moment)
        advisor.specialties.add(specialty) if advisor in then else advisor.specialties.remove(specialty)
    return sorted(record.name for record in records if record.id not in {advisor.pk for advisor in then})


def advising_on(specialty):
    return Advisor.history.filter(historicaladvisor_specialties__specialty=specialty.pk)


def versions_of_guide(specialty):
    return [*words_of_guide(specialty), came_or_left(specialty)]


def came_or_left(specialty):
    """Return the versions with which advisors began to advise on a guide, or ceased, and whether they `came`."""
    on_it = advising_on(specialty)
    before = Advisor.history.filter(id=OuterRef("id"), history_id__lt=OuterRef("history_id")).order_by("-history_id")
    return (
        Advisor.history.filter(id__in=on_it.values("id"))
        .annotate(before_id=Subquery(before.values("history_id")[:1]))
        .annotate(came=Exists(on_it.filter(history_id=OuterRef("history_id"))))
        .exclude(came=Exists(on_it.filter(history_id=OuterRef("before_id"))))
    )


def words_of_guide(specialty):
    return [
        Specialty.history.filter(id=specialty.pk),
        Answer.history.filter(specialty_id=specialty.pk),
        Resource.history.filter(specialty_id=specialty.pk),
    ]


def later(specialty, model, there):
    return [] if model is Specialty else model.objects.filter(specialty=specialty).exclude(pk__in=there)


def take_back(row, moment):
    row._change_reason = reason(moment)
    if isinstance(row, Answer):
        row.short_answer = row.body = ""
        row.save()
    else:
        row.delete()
        date_guide(row)


def date_guide(row):
    """A resource has no date of its own: its words are words of the guide."""
    if isinstance(row, Resource):
        row.specialty.save(update_fields=["updated_at"])


def reason(moment):
    return f"restored from {date_format(timezone.localtime(moment), 'j F Y, H:i')}"


def deleted(model):
    """The last versions of rows that are no more."""
    gone = model.history.filter(~Exists(model.objects.filter(pk=OuterRef("id"))), history_type=DELETED)
    return with_neighbours(gone).filter(history_id=F("newest"))


def with_neighbours(records):
    """Each with `newest` and `before_id`, the keys of the row's newest version and of the one before this one, and
    whether the row is `still_there`.
    """
    model = records.model
    of_row = model.objects.filter(id=OuterRef("id")).order_by("-history_id").values("history_id")
    relations = [field.name for field in model.tracked_fields if field.is_relation]
    lists = [f"{reverse_name(field)}__{field.related_model._meta.model_name}" for field in model._history_m2m_fields]
    return (
        records.annotate(
            newest=Subquery(of_row[:1]),
            before_id=Subquery(of_row.filter(history_id__lt=OuterRef("history_id"))[:1]),
            still_there=Exists(model.instance_type.objects.filter(pk=OuterRef("id"))),
        )
        .select_related("history_user", *relations)
        .prefetch_related(*lists)
    )


class Versions:
    """Versions of rows of several models in one list, newest first, as a paginator takes it."""

    def __init__(self, *records):
        self.records = records
        first, *others = [
            each.order_by().annotate(part=Value(part)).values_list("history_date", "part", "history_id")
            for part, each in enumerate(records)
        ]
        self.keys = first.union(*others, all=True).order_by("-history_date", "part", "-history_id")

    @property
    def last_change(self):
        """When the newest version came, to be sent back with a decision."""
        return next((date.isoformat() for date, *_ in self.keys[:1]), "")

    def __len__(self):
        return self.keys.count()

    def __getitem__(self, chosen):
        keys = list(self.keys[chosen])
        found = {}
        for part, records in enumerate(self.records):
            own = [key for _, number, key in keys if number == part]
            found |= {(part, each.record.pk): each for each in versions(records, own)}
        return [found[part, key] for _, part, key in keys]


def versions(records, keys):
    rows = list(with_neighbours(records.filter(history_id__in=keys)))
    if "came" in records.query.annotations:
        return [CameOrLeft(row) for row in rows]
    before = with_neighbours(records.model.objects.filter(history_id__in=[row.before_id for row in rows])).in_bulk()
    return [Version(row, before.get(row.before_id)) for row in rows]
