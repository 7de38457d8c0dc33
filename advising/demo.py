"""A portal to try out: the real guide, sample guides beside it, and sample requests in every status."""

import random
from datetime import timedelta
from itertools import count

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from requests_app.choices import ClassYear, Satisfaction, Status, Topic
from requests_app.dates import working_days_between
from requests_app.models import AdvisorRequest, Offer, RequestEvent
from requests_app.outbox import OutgoingEmail
from requests_app.routing import reason_against
from specialties import content_files
from specialties.models import Advisor, Specialty

REQUESTS_PER_SPECIALTY = 3
MESSAGES = [
    "Sample request: I am deciding between this specialty and another one and would like to hear how others decided.",
    "Sample request: Could we talk about which electives to take, and in which order?",
    "Sample request: I would like to find a first research project and do not know whom to ask.",
    "Sample request: Whom should I ask for letters, and when?",
]


class NotEmpty(Exception):
    """The database holds something real, so no sample is put into it."""


def is_loaded():
    """Return whether the demo is in the database, which may be without tables as yet. Raises NotEmpty."""
    tables = connection.introspection.table_names()
    models = [model for model in (Specialty, Advisor, AdvisorRequest) if model._meta.db_table in tables]
    if not any(model.objects.exists() for model in models):
        return False
    if not Specialty.objects.filter(is_sample=True).exists():
        raise NotEmpty
    return True


@transaction.atomic
def load(by):
    """Fill an empty portal; `by` is the staff account that answered the requests. Raises NotEmpty."""
    if is_loaded():
        return
    content_files.load(content_files.INTERVENTIONAL_RADIOLOGY)
    for path in content_files.SAMPLES:
        content_files.load(path, is_sample=True)
    dice = random.Random(1)  # noqa: S311 - the same demo every time
    date_answers(dice)
    send_advisors_away()
    submit_requests(dice, by)


def date_answers(dice):
    """Guides of three kinds: confirmed as a whole, confirmed in part, and only edited."""
    for position, specialty in enumerate(Specialty.objects.filter(is_sample=True)):
        edited = timezone.now() - timedelta(days=dice.randint(20, 700))
        specialty.answers.update(edited_at=edited)
        Specialty.objects.filter(pk=specialty.pk).update(updated_at=edited)
        confirmed = [specialty.answers.all(), specialty.answers.filter(question__stage__slug="m3-m4")]
        for answers in confirmed[position % 3 : position % 3 + 1]:
            answers.update(confirmed_on=timezone.localdate() - timedelta(days=15), confirmed_by="Sample department")


def send_advisors_away():
    today = timezone.localdate()
    away, stand_in, *_ = Advisor.objects.filter(specialties__name="Internal Medicine")
    Advisor.objects.filter(pk=away.pk).update(away_from=today, away_until=today + timedelta(days=25), stand_in=stand_in)
    for advisor in Advisor.objects.filter(specialties__name="Ophthalmology")[:1]:
        Advisor.objects.filter(pk=advisor.pk).update(away_from=today)


def submit_requests(dice, by):
    """Ask for advisors in each sample guide, with every status and outcome; all e-mail but one counts as sent."""
    number = count(1)
    for specialty in Specialty.objects.filter(is_sample=True).with_advisors():
        advisors = [advisor for advisor in specialty.advisors.all() if advisor.is_available]
        for days_ago in sorted(dice.sample(range(60), REQUESTS_PER_SPECIALTY), reverse=True):
            n = next(number)
            advisor_request = AdvisorRequest.objects.submit(
                specialty=specialty,
                name=f"Sample Student {n}",
                email=f"sample-student-{n}@example.edu",
                class_year=dice.choice(ClassYear.values),
                topics=dice.sample(Topic.values, 2),
                message=dice.choice(MESSAGES),
                preferred_advisor=dice.choice([None, *advisors]),
            )
            take_steps(advisor_request, dice, advisors, by)
            move_back(advisor_request, timedelta(days=days_ago))
    OutgoingEmail.objects.update(sent_at=F("created_at"), next_try=None, attempts=1)
    failed = OutgoingEmail.objects.filter(kind="accepted", request__status=Status.ACCEPTED).first()
    failed.sent_at, failed.last_error = None, f"SMTPRecipientsRefused: {failed.to}: 550 Sample error: no such user"
    failed.save()


def take_steps(advisor_request, dice, advisors, by):
    """Bring a request into one of its statuses."""
    able = [advisor for advisor in advisors if not reason_against(Advisor.objects.get(pk=advisor.pk), advisor_request)]
    chance = dice.random()
    if chance < 0.1:
        advisor_request.withdraw()
    elif chance < 0.25:
        advisor_request.close(
            "Sample reason: answered in the specialty's group session.", by=by, reason="group_session"
        )
    elif chance < 0.75 and able:
        advisor = advisor_request.advisor or dice.choice(able)
        advisor_request.assign(advisor, by=by)
        if chance < 0.5:
            advisor_request.meet(by=advisor)
        if chance < 0.4:
            advisor_request.answer_survey(dice.choice(Satisfaction.values), "Sample answer.")
    elif chance < 0.85 and able and not advisor_request.advisor:
        advisor_request.offer(dice.choice(able), by=by)


def move_back(advisor_request, by):
    """Let what was just written have happened earlier, one step every other day."""
    if advisor_request.status == Status.OFFERED:
        return  # so that its offer is still open
    if advisor_request.respond_by:
        AdvisorRequest.objects.filter(pk=advisor_request.pk).update(
            respond_by=advisor_request.respond_by - by,
            asked_about_meeting_at=timezone.now(),  # so that a worker has nothing to do when the demo starts
        )
    for rows in (
        AdvisorRequest.objects.filter(pk=advisor_request.pk),
        OutgoingEmail.objects.filter(request=advisor_request),
    ):
        rows.update(created_at=F("created_at") - by)
    for step, event in enumerate(advisor_request.events.all()):
        moment = event.created_at - max(by - timedelta(days=2 * step), timedelta())
        # Not by its own manager, which rightly refuses to change history.
        QuerySet(RequestEvent).filter(pk=event.pk).update(created_at=moment)
        days = working_days_between(timezone.localdate(advisor_request.created_at - by), timezone.localdate(moment))
        rows = AdvisorRequest.objects.filter(pk=advisor_request.pk)
        if event.kind in RequestEvent.ENDS_A_WAIT:
            in_vain = advisor_request.days_to_answer is None
            rows.update(**{"days_unanswered" if in_vain else "days_to_answer": days})
        if event.kind == RequestEvent.Kind.MET:
            rows.update(met_on=timezone.localdate(moment), days_to_meeting=days)
    for offer in advisor_request.offers.all():
        Offer.objects.filter(pk=offer.pk).update(
            made_at=offer.made_at - by, due=offer.due - by, changed_at=offer.changed_at - by
        )
