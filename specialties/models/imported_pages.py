"""Departments' pages as they were read, and how staff take them over: answer by answer, as proposals."""

import json
import re
from hashlib import sha256
from itertools import chain, count
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import OuterRef, Q
from django.utils.functional import cached_property
from django.utils.text import slugify

from ..differences import differences
from ..fields import links_in, plain_text, text_with_addresses
from .advisors import Advisor
from .guides import Question, Resource, Specialty, count_of
from .named_advisors import NamedAdvisor
from .proposals import Proposal, Source, State, propose

NEW, CHANGED, SAME, BLANK, UNMATCHED, SKIPPED = "new", "changed", "same", "blank", "unmatched", "skipped"
SETTLED = {
    SAME: "The same in the guide",
    BLANK: "Blank on the page; the guide stays as it is",
    SKIPPED: "Left out",
    State.ACCEPTED: "Accepted",
    State.DECLINED: "Declined before; the guide stays as it is",
}
PARTS = {"quote": "quote", "quote_source": "source of the quote", "recommendations": "overall recommendations"}
CONTACT = {"department": "department", "address": "address", "phone": "phone", "email": "e-mail"}
LONGEST_LABEL = 30  # characters, of a question
EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.\w+")
PHONE = re.compile(r"\+?\(?\d(?:[ ().-]{0,2}\d){9,14}")


class ImportedPageQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Those of the guides a member of staff works with, and of none yet for those who may begin one."""
        wanted = Q(specialty__in=Specialty.objects.visible_to(user))
        return self.filter(wanted | Q(specialty=None) if user.has_perm("specialties.add_specialty") else wanted)

    def with_open_count(self):
        """Each with `open_count`, how many of its proposals nobody has decided."""
        return self.annotate(open_count=count_of(Proposal.objects.open().filter(page=OuterRef("pk"))))

    @transaction.atomic
    def keep(self, content, *, name, specialty, by):
        """Return the page with this content, and what it says otherwise than its guide proposed, where it has one."""
        fingerprint = fingerprint_of(said_by_page(content))
        page = self.select_for_update(no_key=True).filter(fingerprint=fingerprint, specialty=specialty).first()
        page = page or self.model(content=content, fingerprint=fingerprint, name=name, specialty=specialty, author=by)
        page.compare_with_portal(content)
        if specialty:
            page.propose()
        return page


class ImportedPage(models.Model):
    """What was read from a page. It changes nothing of a guide before somebody accepts it, one by one or all."""

    name = models.CharField(max_length=200, help_text="Of the file, or what was pasted.")
    specialty = models.ForeignKey(Specialty, models.CASCADE, null=True, blank=True, related_name="imported_pages")
    content = models.JSONField(help_text="What was read, and what was said of it since.")
    fingerprint = models.CharField(max_length=64, help_text="Of what was read: a page that comes twice is one page.")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ImportedPageQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self):
        return self.name

    def reread(self):
        """Return it as it is stored now, with the guide it is compared with."""
        return ImportedPage.objects.select_related("specialty").get(pk=self.pk)

    def locked(self):
        """Return it likewise, for one who writes it: nobody else writes it before they are done."""
        ImportedPage.objects.select_for_update(no_key=True).get(pk=self.pk)
        return self.reread()

    @cached_property
    def entries(self):
        """The entries of the page beside what the guide says, in the page's order."""
        return [Entry(self, number, **found) for number, found in enumerate(self.content["entries"])]

    def in_state(self, *states):
        return [entry for entry in self.entries if entry.state in states]

    @property
    def unmatched(self):
        return self.in_state(UNMATCHED)

    @property
    def to_decide(self):
        return self.in_state(NEW, CHANGED)

    @property
    def settled(self):
        """Yield title and entries of each kind that leaves nothing to decide."""
        for state, title in SETTLED.items():
            if entries := self.in_state(state):
                yield title, entries
        if self.vanished:
            yield (
                "Answered in the guide and not on the page; the guide keeps it",
                [answer.question for answer in self.vanished],
            )

    @property
    def vanished(self):
        """The answers of the guide whose questions the page does not have."""
        if not self.specialty:
            return []
        on_page = {entry.key for entry in self.entries}
        return [each for each in self.specialty.entries() if not each.is_blank and each.question.key not in on_page]

    @cached_property
    def questions(self):
        """The questions an entry can be, by key."""
        return {question.key: question for question in Question.objects.asked_of(self.specialty)}

    @cached_property
    def last_proposals(self):
        """What was last proposed from this page, by question."""
        proposals = self.proposals.select_related("question").order_by("pk")
        found = {proposal.question_id: proposal for proposal in proposals}
        for proposal in found.values():
            proposal.specialty = self.specialty  # with its answers, read once
        return found

    @property
    def parts(self):
        return list(self._parts())

    def _parts(self):
        """Yield each other part of the page that the guide has otherwise."""
        for name, label in (PARTS | CONTACT).items():
            found, present = plain_text(self.fields.get(name, "")), plain_text(self.in_place(name))
            if found and found != present:
                yield Part(name, label, differences(present, found), fingerprint_of(self.in_place(name)))
        if advisors := self.new_advisors:
            yield Part("advisors", "advisors", differences("", "\n".join(map(str, advisors))))
        if lines := [f"{resource['label']}: {resource['url']}" for resource in self.new_resources]:
            yield Part("resources", "resources", differences("", "\n".join(lines)))

    def in_place(self, name):
        """Return what a field of the guide says now."""
        return getattr(self.specialty, name, "")

    @property
    def fields(self):
        """The page's values for fields of the guide."""
        return {name: self.content[name] for name in PARTS} | contact_fields(self.content["contact"])

    @property
    def new_advisors(self):
        """The advisors that the page names and the guide does not."""
        known = list(Advisor.objects.all()) if self.content["advisors"] else []
        named = [NamedAdvisor(known, **found) for found in self.content["advisors"]]
        present = set(self.specialty.advisors.all()) if self.specialty and named else set()
        return [each for each in named if not present.intersection(each.meant)]

    @property
    def new_resources(self):
        known = {resource.url for resource in self.specialty.resources.all()} if self.specialty else set()
        return [resource for resource in self.content["resources"] if resource["url"] not in known]

    def compare_with_portal(self, content):
        """Keep which questions are in the bank by now, where nobody has said so, and what the guide has in place."""
        for entry, read in zip(self.entries, content["entries"], strict=True):
            if not entry.question and read["key"]:
                self.content["entries"][entry.number]["key"] = read["key"]
        del self.entries
        self.content["compared_with"] = {name: fingerprint_of(self.in_place(name)) for name in PARTS | CONTACT}
        self.save()

    @transaction.atomic
    def propose(self):
        """Propose every answer that the guide does not give in the same words, and that nobody declined before."""
        for entry in self.in_state(NEW, CHANGED, State.ACCEPTED):
            entry.propose()

    @transaction.atomic
    def begin_guide(self, *, by):
        """Make a draft guide of the page, with every part and every answer to a question of the bank.

        Raises ValidationError for a value that no form would take.
        """
        name = self.content["specialty"]
        self.specialty = stored(Specialty(name=name, slug=free(Specialty, "slug", name)))
        self.save(update_fields=["specialty"])
        self.take_over([part.name for part in self.parts])
        self.propose()
        for proposal in self.proposals.open():
            proposal.accept(by=by)

    @property
    def begun_meanwhile(self):
        """The guide of its specialty that there was none of when it was read; None where there still is none."""
        return Specialty.objects.filter(name__iexact=self.content["specialty"]).first()

    @transaction.atomic
    def join(self, guide, *, by):
        """Compare the page with a guide that somebody else began. Raises ValidationError where `by` may not edit it."""
        if not Specialty.objects.visible_to(by).filter(pk=guide.pk).exists():
            raise ValidationError(f"There is a guide of {guide} meanwhile, which is not yours to edit.")
        self.specialty = guide
        self.compare_with_portal(self.content)
        self.propose()

    @transaction.atomic
    def take_over(self, parts, compared_with=()):
        """Store these other parts of the page in the guide, by their names.

        Raises ValidationError likewise, and where somebody edited one since: since the page was shown beside what is
        `compared_with`, by part, or where nobody was shown it, since it was read.
        """
        self.specialty = Specialty.objects.select_for_update(no_key=True).get(pk=self.specialty_id)
        fields = {name: self.fields[name] for name in parts if name in self.fields}
        self.refuse_written_over(fields, self.content.get("compared_with", {}) | dict(compared_with))
        for name, value in fields.items():
            setattr(self.specialty, name, value)
        stored(self.specialty)
        if "advisors" in parts:
            for named in self.new_advisors:
                self.specialty.advisors.add(*advisor_of(named))
        if "resources" in parts:
            for position, resource in enumerate(self.new_resources):
                stored(Resource(specialty=self.specialty, position=100 + position, **resource))

    def refuse_written_over(self, fields, compared_with):
        refusals = []
        for name, found in fields.items():
            present = self.in_place(name)
            if present != found and fingerprint_of(present) != compared_with.get(name, fingerprint_of("")):
                now = f"“{plain_text(present)}”" if present else "empty"
                label = (PARTS | CONTACT)[name].capitalize()
                refusals.append(f"{label}: edited meanwhile. It is {now} now; the page says “{plain_text(found)}”.")
        if refusals:
            raise ValidationError([*refusals, "Nothing was taken over. Look at the differences again."])

    def decide(self, entry, **decision):
        """Keep what somebody said of an entry, read under lock. Returns it as it is from now on."""
        self.content["entries"][entry.number] |= decision
        self.save(update_fields=["content"])
        return self.reread().entries[entry.number]


class Part(NamedTuple):
    """What a page says beside its answers."""

    name: str
    label: str
    differences: str  # from the guide's
    compared_with: str = ""  # what the guide has, to be sent back with a decision


class Entry:
    """A question of an imported page with the text below it, beside what the guide has."""

    def __init__(self, page, number, *, stage, question, key, answer, body, blank, skipped=False):
        self.page, self.number = page, number
        self.stage, self.wording, self.key, self.text, self.body = stage, question, key, answer, body
        self.is_blank, self.is_skipped = blank, skipped

    def __str__(self):
        return str(self.question or self.wording)

    @property
    def question(self):
        return self.page.questions.get(self.key)

    @property
    def answer(self):
        """What the guide says now; None where there is no guide yet or the question is not in the bank."""
        return self.page.specialty.answer_to(self.question) if self.page.specialty and self.question else None

    @property
    def proposal(self):
        return self.page.last_proposals.get(self.question.pk) if self.question else None

    @property
    def state(self):
        if self.is_skipped:
            return SKIPPED
        if not self.question:
            return UNMATCHED
        if self.is_blank:
            return BLANK
        if self.answer and says_the_same(self.answer.body, self.body):
            return SAME
        if self.proposal and self.proposal.state != State.OPEN:
            return self.proposal.state
        return NEW if self.answer is None or self.answer.is_blank else CHANGED

    @property
    def differences(self):
        present = self.answer.body if self.answer else ""
        return differences(text_with_addresses(present), text_with_addresses(self.body))

    def propose(self):
        """Return a proposal of the page's text; the page has no short answers, so the guide's stays."""
        return propose(
            self.page.specialty,
            self.question,
            short_answer=self.answer.short_answer,
            body=self.body,
            source=Source.IMPORT,
            author=self.page.author,
            page=self.page,
        )

    @property
    def too_long(self):
        """Why the wording cannot be kept as a question; "" where it can."""
        room = Question._meta.get_field("text").max_length
        if len(self.wording) <= room:
            return ""
        return (
            f"This question has {len(self.wording)} characters, and there is room for {room}: it cannot be kept as a "
            "question of its own. Take it for one of the bank, or leave it out."
        )

    def undecided(self):
        """Return the entry as it is stored now, under lock. Raises ValidationError where somebody decided before."""
        entry = self.page.locked().entries[self.number]
        if entry.state != UNMATCHED:
            raise ValidationError(f"“{self.wording}”: somebody decided that before.")
        return entry

    @transaction.atomic
    def match(self, question):
        """Take the entry for this question of the bank, and remember its wording for the next page.

        Raises ValidationError likewise, and where the page has another entry for it: one question has one answer.
        """
        entry = self.undecided()
        if any(other.key == question.key for other in entry.page.entries):
            raise ValidationError(f"The page has another answer to “{question}”. Leave one of them out.")
        if self.wording not in question.all_wordings.splitlines():
            question.other_wordings = f"{question.other_wordings}\n{self.wording}".strip()
            question.save()
        matched = entry.page.decide(entry, key=question.key)
        if matched.page.specialty and matched.state in (NEW, CHANGED):
            matched.propose()

    @transaction.atomic
    def keep(self, stage, *, by):
        """Make it a question that this specialty alone is asked, with the page's answer. Raises likewise."""
        if self.too_long:
            raise ValidationError(self.too_long)
        entry = self.undecided()
        label = self.wording if len(self.wording) <= LONGEST_LABEL else self.wording[: LONGEST_LABEL - 1].rstrip() + "…"
        question = Question.objects.create(
            specialty=self.page.specialty,
            stage=stage,
            key=free(Question, "key", f"{self.page.specialty.short_name} {self.wording}"),
            text=self.wording,
            label=label,
            position=100 + self.number,
        )
        kept = entry.page.decide(entry, key=question.key)
        if not kept.is_blank:
            kept.propose().accept(by=by)

    @transaction.atomic
    def skip(self):
        """Leave it out. Raises likewise."""
        entry = self.undecided()
        entry.page.decide(entry, skipped=True)


def fingerprint_of(data):
    return sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def said_by_page(content):
    """Return the content without what the portal made of it, which changes with the bank."""
    entries = [{name: value for name, value in entry.items() if name != "key"} for entry in content["entries"]]
    return content | {"entries": entries, "warnings": None}


def says_the_same(present, found):
    """Whether the guide has the words of the page, however laid out, and its links; a page of plain text has none."""
    return plain_text(present).split() == plain_text(found).split() and links_in(found) in ([], links_in(present))


def contact_fields(contact):
    """Return what a contact block holds as the fields of a guide: the department's line, an address, phone, e-mail."""
    fields, address = {}, []
    for line in contact.splitlines():
        if found := EMAIL.search(line):
            fields.setdefault("email", found[0])
        elif found := PHONE.search(line):
            fields.setdefault("phone", found[0].strip())
        elif "department" not in fields and not address:
            fields["department"] = line
        else:
            address.append(line)
    return fields | ({"address": "\n".join(address)} if address else {})


def advisor_of(named):
    """Return the one advisor that is meant, a new one where the portal knows none, and nobody in doubt."""
    if not named.meant:
        advisor = named.new()
        advisor.slug = free(Advisor, "slug", named.name)
        named.known.append(stored(advisor))  # the page may name them twice
        return [advisor]
    return named.meant if len(named.meant) == 1 else []


def stored(row, way="imported page"):
    """Return the row, stored as a form would store it; its history says which way. Raises ValidationError."""
    row.full_clean()
    row._change_reason = way
    row.save()
    return row


def free(model, field, text):
    """Return the text as a slug that no row of the model has in this field."""
    slug = slugify(text)[:40]
    taken = set(model.objects.filter(**{f"{field}__startswith": slug}).values_list(field, flat=True))
    return next(each for each in chain([slug], (f"{slug}-{n}" for n in count(2))) if each not in taken)
