"""Everything about one e-mail address, as a student, an advisor, a department or staff: to hand out, or to erase."""

import json
import re
from itertools import chain

from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Cast
from django.utils.html import escape

from requests_app.handover import hand_over
from requests_app.models import AdvisorRequest, OutgoingEmail
from requests_app.steps import Actor
from specialties.indexing import index
from specialties.models import Advisor, Answer, Proposal, Review, Specialty
from specialties.private_pages import without_private_links

from .accounts.models import AuditEntry

SECRET = {"token", "submission_id", "password"}  # whoever has them acts as somebody
TEXT = (models.CharField, models.TextField, models.JSONField)
FORMER = "Former advisor"


class Person:
    def __init__(self, address):
        self.address = address = address.strip()
        self.requests = AdvisorRequest.objects.from_address(address).order_by("pk")
        self.advisors = Advisor.objects.filter(self._has_or_had_address(Advisor))
        self.specialties = Specialty.objects.filter(self._has_or_had_address(Specialty))
        self.users = User.objects.filter(Q(email__iexact=address) | Q(username__iexact=address))
        self.emails = OutgoingEmail.objects.filter(Q(to__iexact=address) | Q(reply_to__iexact=address))

    def _has_or_had_address(self, model):
        return Q(email__iexact=self.address) | Q(pk__in=model.history.filter(email__iexact=self.address).values("id"))

    @property
    def found(self):
        """What there is, a line for each thing; empty where nothing is known of the address."""
        lines = [
            *(f"Request {row} ({row.get_status_display().lower()})" for row in self.requests),
            *(f"Advisor {row}" for row in self.advisors),
            *(f"The department of {row}, with the names of who answered for it" for row in self.specialties),
            *(f"Account {row}" for row in self.users),
        ]
        if emails := self.emails.count():
            lines.append(f"E-mails to this address or to reply to it: {emails}")
        return lines + [f"Also in {label}, {name}: {len(rows)}" for label, name, rows in mentions([self.address])]

    def export(self):
        """Return all of it for the person to have; of what is about others too, only that it is there."""
        others = self.emails.exclude(request__in=self.requests.values("pk"))
        return {
            "address": self.address,
            "requests": [
                row_of(each) | {name: rows_of(getattr(each, name)) for name in ("events", "offers", "emails")}
                for each in self.requests
            ],
            "advisor": [
                row_of(each) | {name: rows_of(getattr(each, name)) for name in ("history", "offers")}
                for each in self.advisors
            ],
            "department": [
                row_of(each) | {"reviews": rows_of(each.reviews), "history": rows_of(each.history)}
                for each in self.specialties
            ],
            "accounts": rows_of(self.users),
            "other e-mails": list(others.values("kind", "to", "created_at", "sent_at")),
            "mentioned in": [
                {"table": label, "field": name, "rows": list(rows)} for label, name, rows in mentions([self.address])
            ],
        }

    @transaction.atomic
    def erase(self):
        """Erase all of it. What is open is withdrawn or goes back to the office first, so that others learn of it."""
        for advisor_request in self.requests:
            if advisor_request.is_open:
                advisor_request.withdraw()
            advisor_request.erase()
        names = [*chain.from_iterable(map(erase_advisor, self.advisors)), *map(erase_account, self.users)]
        self._erase_department()
        self.emails.delete()
        replace([self.address, *(name for name in names if " " in name)])  # not "An" in every word that has it
        index(Specialty.objects.all())

    def _erase_department(self):
        reviews = Review.objects.filter(specialty__in=self.specialties)
        names = set(reviews.exclude(name="").values_list("name", flat=True))
        for answers in (Answer.objects.all(), Answer.history.all()):
            answers.filter(specialty__in=self.specialties, confirmed_by__in=names).update(confirmed_by="")
        for name in names:
            reasons = Answer.history.filter(specialty__in=self.specialties, history_change_reason__endswith=f" {name}")
            reasons.update(history_change_reason="department’s review")
        Proposal.objects.filter(review__in=reviews).update(author_name="")
        reviews.update(name="")


def erase_advisor(advisor):
    """Let an advisor leave without a trace but that there was one; return the names they went by."""
    versions = advisor.history.all()
    names = {advisor.name, *versions.values_list("name", flat=True)}
    photos = {advisor.photo.name, *versions.values_list("photo", flat=True)} - {"", None}
    kept = {"name": FORMER, "slug": f"former-advisor-{advisor.pk}"}
    for name in ("credentials", "role", "photo", "bio", "email", "show_email", "profile_url", "on_selection_committee"):
        kept[name] = Advisor._meta.get_field(name).get_default()
    Advisor.objects.filter(pk=advisor.pk).update(**kept, stand_in=None, away_from=None, away_until=None)
    hand_over(Advisor.objects.get(pk=advisor.pk), None, by=Actor.PORTAL)
    apps.get_model("specialties", "HistoricalAdvisor_specialties").objects.filter(advisor=advisor.pk).delete()
    Advisor.history.filter(id=advisor.pk).delete()
    for photo in photos:
        transaction.on_commit(lambda photo=photo: Advisor.photo.field.storage.delete(photo))
    return names - {FORMER}


def erase_account(user):
    """Keep of an account that there was one, for the history of requests names it; return the name it had."""
    name, username = user.get_full_name(), user.username
    user.groups.clear()
    user.user_permissions.clear()
    for relation in user._meta.related_objects:  # what is theirs alone: the specialties of a liaison, second factors
        if relation.on_delete is models.CASCADE and relation.related_model is not LogEntry:
            relation.related_model._base_manager.filter(**{relation.field.name: user}).delete()
    user.username, user.email, user.first_name, user.last_name = f"erased-{user.pk}", "", "", ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.set_unusable_password()
    user.save()
    AuditEntry.objects.erase_name(username, instead=user.username)
    rename_in_changes(user)
    return name


def rename_in_changes(user):
    """Let what others changed of an account, and whose liaison it was, tell of the name it has now."""
    accounts = ContentType.objects.get_for_model(User)
    for change in LogEntry.objects.filter(content_type=accounts, object_id=user.pk):
        change.object_repr = user.username
        change.change_message = re.sub(
            '"object": "[^ "]+ for ', f'"object": "{user.username} for ', change.change_message
        )
        change.save()


def mentions(words):
    """Yield model label, field name and {primary key: value} of each field whose texts have one of these words."""
    written = {form for word in words for form in (word, escape(word), json.dumps(word)[1:-1])}
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, TEXT) and not field.primary_key:
                rows = model._base_manager.alias(as_text=Cast(field.name, models.TextField()))
                has_one = Q(*(("as_text__icontains", form) for form in sorted(written)), _connector=Q.OR)
                if found := dict(rows.filter(has_one).values_list("pk", field.name)):
                    yield model._meta.label, field.name, found


def replace(words):
    """Put an ellipsis, or nothing where that is the whole text, in place of these words wherever they are."""
    written = sorted({form for word in words for form in (word, escape(word))}, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, written)), re.IGNORECASE)
    for label, name, rows in mentions(words):
        for pk, value in rows.items():
            changed = without(pattern, value)
            apps.get_model(label)._base_manager.filter(pk=pk).update(**{name: changed})


def without(pattern, value):
    if isinstance(value, str):
        return "" if pattern.fullmatch(value) else pattern.sub("…", value)
    return json.loads(pattern.sub("…", json.dumps(value, ensure_ascii=False)))


def rows_of(manager):
    return [row_of(each) for each in manager.all()]


def row_of(row):
    return {
        field.name: without_private_links(value) if isinstance(value, str) else value
        for field in row._meta.concrete_fields
        if field.name not in SECRET
        for value in [field.value_from_object(row)]
    }


def is_of_the_office(address):
    return address.lower() == settings.OFFICE_EMAIL.lower()
