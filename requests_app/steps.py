"""The steps a request can take: each writes status, history, offer and e-mails in one transaction, or nothing."""

from functools import wraps

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from specialties.models import Advisor

from . import emails, routing
from .choices import NEXT_STATUS, CloseReason, Status
from .dates import add_working_days
from .events import RequestEvent, who
from .offers import Offer

Kind, Actor = RequestEvent.Kind, RequestEvent.Actor


class IllegalMove(Exception):
    """The status of a request does not allow this step (any more). The text can be shown to whoever took it."""


class LimitReached(IllegalMove):
    """The advisor has as many students as they want to have at once."""


def step(verb):
    """Let a verb be one transaction, on the request as it is now: locked and read anew before anything is decided.

    Locks are taken in one order, so that no two steps ever wait for each other: the request, then its advisors at once.
    """

    @wraps(verb)
    @transaction.atomic
    def taken(self, *args, answering=None, **kwargs):
        # without its people: joined, PostgreSQL gives those from before it waited, or none, to the row as it is now
        self.refresh_from_db(from_queryset=type(self).objects.select_for_update(no_key=True))
        if self.erased_at:
            raise IllegalMove(f"{self.reference} is over, and what was personal of it is erased.")
        if isinstance(by := kwargs.get("by"), Advisor) and by != self.advisor:
            raise IllegalMove(f"{self.reference} is not with you any more.")
        if answering and not self.offers.running().filter(pk=answering).exists():
            raise IllegalMove(f"{self.reference} is not with this advisor any more.")
        return verb(self, *args, **kwargs)

    return taken


class Steps:
    """The verbs of AdvisorRequest. Each takes `by`: a staff user, the advisor, or one of RequestEvent.Actor, and raises
    IllegalMove where the status does not allow it (any more), or where `answering`, the key of an offer, names one that
    does not run any more.
    """

    @step
    def offer(self, advisor, *, by, note=""):
        """Ask an advisor to take this request, until a date, in place of whoever was asked before."""
        former = self._put_to(advisor, by=by, note=note)
        if former:
            emails.no_longer_yours(self, former)
        emails.offered(self.running_offer)
        if by != Actor.PORTAL:
            emails.asked(self)

    def ask(self, advisor):
        """Offer this to whom routing found; return whether there is such an advisor who can still take it."""
        [advisor] = locked(advisor) or [None]
        if not advisor or routing.reason_against(advisor, self):
            return False
        self.offer(advisor, by=Actor.PORTAL)
        return True

    @step
    def accept(self, *, by, note="", despite_limit=False):
        """Take the request, or for the office: on behalf of the advisor it is offered to. Raises LimitReached too."""
        if self.status == Status.OFFERED and (reached := self._limit_reached()):
            if by == self.advisor:
                raise LimitReached(f"You have {reached} Please decline, or write to the office.")
            if not despite_limit:
                raise LimitReached(f"{self.advisor} has {reached} Tick “All the same” if they take it anyway.")
            note = f"{note} All the same: {self.advisor} has {reached}".strip()
        respond_by = working_days_from_now(settings.MEETING_DAYS)
        self._move(Status.ACCEPTED, Kind.ACCEPTED, by=by, note=note, respond_by=respond_by)
        emails.accepted(self)
        emails.accepted_by_you(self.running_offer)

    @step
    def assign(self, advisor, *, by, note="", despite_limit=False):
        """Give a request to an advisor without asking: what the office arranged by other means."""
        if not (self.status == Status.OFFERED and self.advisor == advisor):
            former = self._put_to(advisor, by=by, note=note)
            if former:
                emails.no_longer_yours(self, former)
        self.accept(by=by, despite_limit=despite_limit)

    @step
    def decline(self, *, by, note=""):
        self._pass_on(Kind.DECLINED, by=by, note=note)

    @step
    def expire(self):
        """Take an offer back that was not answered in time, and ask the next advisor, or leave it to the office."""
        if not self.offers.past_due().exists():
            raise IllegalMove(f"The offer of {self.reference} is still open.")
        emails.no_longer_yours(self, self.advisor)
        self._pass_on(Kind.EXPIRED, by=Actor.PORTAL)

    @step
    def hand_back(self, *, by, note=""):
        former = self._back_to_waiting(Kind.HANDED_BACK, by=by, note=note, only_from=[Status.ACCEPTED])
        emails.moved_on(self, former)
        emails.back_with_office(self, former)

    @step
    def take_back(self, *, by, note="", successor=None):
        """Let the office have it in place of its advisor, or a successor where they can take it."""
        former = self.advisor
        locked(former, successor)
        if successor:
            successor.refresh_from_db()
            if reason := routing.reason_against(successor, self):
                note, successor = f"{note} {successor}: {reason}.", None
        self._back_to_waiting(Kind.TAKEN_BACK, by=by, note=note, only_from=[Status.OFFERED, Status.ACCEPTED])
        emails.no_longer_yours(self, former)
        if successor:
            self._put_to(successor, by=by, note=f"In place of {former}.")
            emails.offered(self.running_offer)
        emails.moved_on(self, former)

    @step
    def meet(self, *, by, note="", on=None):
        """Record that they met, today or on another day, and ask the student how it went."""
        day = on or timezone.localdate()
        dates = {"respond_by": None, "met_on": day, "days_to_meeting": self.working_days_until(day)}
        self._move(Status.MET, Kind.MET, by=by, note=note, **dates)
        emails.how_was_it(self)

    @step
    def withdraw(self):
        former = self._move(Status.WITHDRAWN, Kind.WITHDRAWN, by=Actor.STUDENT, respond_by=None)
        emails.withdrawn(self)
        if former:
            emails.no_longer_yours(self, former)

    @step
    def close(self, words, *, by, reason=CloseReason.OTHER):
        """End this request and tell the student why in these words."""
        was_with_advisor = self.is_with_advisor
        former = self._move(Status.CLOSED, Kind.CLOSED, by=by, note=words, respond_by=None, close_reason=reason)
        emails.closed(self, words)
        if was_with_advisor:
            emails.no_longer_yours(self, former)

    @step
    def add_note(self, text, *, by):
        self._record(Kind.NOTED, by=by, note=text)

    @step
    def correct_email(self, address, *, by):
        """Write down the student's right address. What failed goes there again, or the link where nothing did.

        The link is a new one: whoever got the e-mails until now has the old one, and may be a stranger. Raises
        IllegalMove where that address has an open request for this specialty.
        """
        former_address, former_token = self.email, self.token
        try:
            with transaction.atomic():
                self._change(email=address, token=self._meta.get_field("token").get_default())
        except IntegrityError:
            raise IllegalMove("This address has an open request for this specialty already.") from None
        self.emails.redirect(former_address, address)
        self.emails.replace_in_unsent(former_token, self.token)
        self._record(Kind.NOTED, by=by, note=f"E-mail address corrected, from {former_address} to {address}.")
        failed = list(self.emails.failed().filter(to=address))
        for email in failed:
            email.send_again()
        if self.is_open and not failed:
            emails.received(self)

    @step
    def answer_survey(self, satisfaction, comment=""):
        """Keep how the student found it, once. Raises IllegalMove before they met and after it was answered."""
        if not self.wants_survey:
            raise IllegalMove("You told us already how it went, and that answer stays. What you sent now is not kept.")
        self._change(satisfaction=satisfaction, survey_comment=comment)
        self._record(Kind.SURVEYED, by=Actor.STUDENT)

    @step
    def remind(self, *, by):
        """Remind the advisor of the offer they have not answered. Raises IllegalMove where that makes no sense."""
        offer = self.offers.open().with_people().first()
        if not offer:
            raise IllegalMove(f"{self.reference} waits for no advisor.")
        if refusal := offer.reason_against_reminder:
            raise IllegalMove(refusal)
        self.offers.open().update(reminded_at=timezone.now())
        self._record(Kind.REMINDED, by=by, advisor=self.advisor)
        emails.reminder(offer)

    @step
    def remind_in_time(self):
        """Remind the advisor half-way to the date, once. Raises IllegalMove where that is done or not due."""
        if not self.offers.to_remind().exists():
            raise IllegalMove(f"{self.reference} needs no reminder now.")
        self.remind(by=Actor.PORTAL)

    @step
    def ask_about_meeting(self):
        """Ask both sides, once, whether they met. Raises IllegalMove where that is not the question."""
        if not type(self).objects.to_ask_about_meeting().filter(pk=self.pk).exists():
            raise IllegalMove(f"{self.reference} needs no such question.")
        self._change(asked_about_meeting_at=timezone.now())
        self._record(Kind.ASKED_ABOUT_MEETING, by=Actor.PORTAL, advisor=self.advisor)
        emails.did_you_meet(self)
        emails.did_you_meet_your_student(self.running_offer)

    @step
    def erase_in_time(self):
        """Raises IllegalMove where it is not time to."""
        if not type(self).objects.to_erase().filter(pk=self.pk).exists():
            raise IllegalMove(f"{self.reference} is kept as it is for now.")
        self.erase()

    @step
    def erase(self):
        """Keep of a request that is over what the report counts, and nothing that tells whose it was.

        Its links lead nowhere from then on. A message that tells an advisor they no longer have it still goes out: it
        names nobody else. Raises IllegalMove where it is open.
        """
        if self.is_open:
            raise IllegalMove(f"{self.reference} is open; nothing of it is erased.")
        fields = {name: self._meta.get_field(name).get_default() for name in self.PERSONAL}
        self._change(**fields, erased_at=timezone.now())
        self.events.erase_words()
        self.emails.exclude(kind="no_longer_yours", sent_at=None).delete()

    def _move(self, status, kind, *, by, note="", **changes):
        """Write status, changes and event together, within a step; return the advisor who had it before.

        The offer that ran keeps how it ended, in the word of the event.
        """
        if status not in NEXT_STATUS[self.status]:
            self._refuse()
        changes |= self.wait_ended_by(kind, changes.get("close_reason"))
        old_status, former = self.status, self.advisor
        advisors = locked(former, changes.get("advisor"))
        self._change(status=status, **changes)
        for advisor in advisors:
            Advisor.objects.filter(pk=advisor.pk).update(open_requests=advisor.requests.open().count())
        self._record(kind, by=by, note=note, old_status=old_status, advisor=self.advisor or former)
        ended = Offer.State.TAKEN_BACK if kind == Kind.OFFERED else Offer.State(kind)
        self.offers.running().update(state=ended, changed_at=timezone.now())
        return former

    def _put_to(self, advisor, *, by, note):
        """Make the offer; return who had one before."""
        if self.status == Status.OFFERED and self.advisor == advisor:
            raise IllegalMove(f"{self.reference} is offered to {advisor} already.")
        due = working_days_from_now(settings.OFFER_DAYS)
        former = self._move(Status.OFFERED, Kind.OFFERED, by=by, note=note, advisor=advisor, respond_by=due)
        half_way = working_days_from_now(max(settings.OFFER_DAYS // 2, 1))
        self.offers.create(advisor=advisor, due=due, remind_on=half_way)
        return former

    def _back_to_waiting(self, kind, *, by, note="", only_from):
        if self.status not in only_from:
            self._refuse()
        changes = {"advisor": None, "asked_about_meeting_at": None}
        respond_by = working_days_from_now(settings.OFFICE_DAYS)
        return self._move(Status.WAITING, kind, by=by, note=note, respond_by=respond_by, **changes)

    def _limit_reached(self):
        """Return in words how many students the advisor has where there is no room for another."""
        [advisor] = locked(self.advisor)
        accepted = advisor.requests.filter(status=Status.ACCEPTED).count()
        if accepted < advisor.request_limit:
            return ""
        return f"{accepted} of at most {advisor.request_limit} students already."

    def _refuse(self):
        raise IllegalMove(f"{self.reference} is already {self.get_status_display().lower()}.")

    def _change(self, **changes):
        for field, value in changes.items():
            setattr(self, field, value)
        self.save(update_fields=[*changes, "updated_at"])

    def _record(self, kind, *, by, note="", **fields):
        fields = {"old_status": self.status, **fields}
        self.events.create(kind=kind, new_status=self.status, note=note, **who(by), **fields)

    def _pass_on(self, kind, *, by, note=""):
        """Take it from an advisor who declined or did not answer: ask the next who can, or leave it to the office."""
        former, following = self.advisor, routing.next_advisor(self)
        locked(former, following)
        self._back_to_waiting(kind, by=by, note=note, only_from=[Status.OFFERED])
        if not self.ask(following):
            emails.back_with_office(self, former)
        emails.moved_on(self, former)


def working_days_from_now(count):
    return add_working_days(timezone.localdate(), count)


def locked(*advisors):
    """Lock advisors until the transaction ends, so that of two steps at once one sees the other; return them anew."""
    keys = {advisor.pk for advisor in advisors if advisor}
    return list(Advisor.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk"))
