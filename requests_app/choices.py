from django.db import models


class Status(models.TextChoices):
    WAITING = "waiting", "Waiting for the office"
    OFFERED = "offered", "Offered to an advisor"
    ACCEPTED = "accepted", "With an advisor"
    MET = "met", "Met"
    WITHDRAWN = "withdrawn", "Withdrawn"
    CLOSED = "closed", "Closed"


NEXT_STATUS = {
    Status.WAITING: {Status.OFFERED, Status.WITHDRAWN, Status.CLOSED},
    Status.OFFERED: {Status.OFFERED, Status.WAITING, Status.ACCEPTED, Status.WITHDRAWN, Status.CLOSED},
    Status.ACCEPTED: {Status.WAITING, Status.MET, Status.WITHDRAWN, Status.CLOSED},
    Status.MET: {Status.CLOSED},
    Status.WITHDRAWN: set(),
    Status.CLOSED: set(),
}
OPEN_STATUSES = [Status.WAITING, Status.OFFERED, Status.ACCEPTED]


class ClassYear(models.TextChoices):
    M1 = "m1", "M1"
    M2 = "m2", "M2"
    M3 = "m3", "M3"
    M4 = "m4", "M4"
    OTHER = "other", "Other"


class Topic(models.TextChoices):
    CHOOSING = "choosing", "Choosing a specialty"
    SHADOWING = "shadowing", "Shadowing"
    RESEARCH = "research", "Research"
    ELECTIVES = "electives", "Electives"
    AWAYS = "aways", "Away rotations"
    LETTERS = "letters", "Letters"
    APPLICATION = "application", "Application"
    OTHER = "other", "Something else"


class Source(models.TextChoices):
    FORM = "form", "The form"
    PHONE = "phone", "Telephone"
    EMAIL = "email", "E-mail"
    IN_PERSON = "in_person", "In person"


class CloseReason(models.TextChoices):
    ANSWERED = "answered", "Answered by the office"
    GROUP_SESSION = "group_session", "Answered by a group session"
    DUPLICATE = "duplicate", "Duplicate of another request"
    SILENT = "silent", "The student no longer replies"
    OTHER = "other", "Another reason"


WITHOUT_ANSWER = [CloseReason.DUPLICATE, CloseReason.SILENT]


class Satisfaction(models.IntegerChoices):
    """The scale students know from national surveys."""

    VERY_DISSATISFIED = 1, "Very dissatisfied"
    DISSATISFIED = 2, "Dissatisfied"
    NEITHER = 3, "Neither satisfied nor dissatisfied"
    SATISFIED = 4, "Satisfied"
    VERY_SATISFIED = 5, "Very satisfied"
