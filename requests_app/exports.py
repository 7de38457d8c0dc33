"""What the office downloads: every request as a line of a table."""

from django.utils import timezone

from specialties.charts import Table

REQUEST_HEADINGS = [
    *("Reference", "Specialty", "Class year", "Topics", "Status", "Advisor"),
    *(
        "Received",
        "Working days to first answer",
        "Met on",
        "Working days to meeting",
        "Closed because",
        "Satisfaction",
        "In the student's words",
    ),
    *("Message", "Could meet", "Name", "E-mail"),
]


def table_of(requests):
    """Return a table with a row for each request; its rows can be read once."""
    rows = requests.select_related("specialty", "advisor").iterator(chunk_size=1000)
    return Table("Requests", REQUEST_HEADINGS, map(request_row, rows))


def request_row(row):
    return [
        *(row.reference, row.specialty.name, row.get_class_year_display(), ", ".join(row.topic_labels)),
        *(row.get_status_display(), str(row.advisor or "")),
        timezone.localdate(row.created_at),
        *(row.days_to_answer, row.met_on, row.days_to_meeting),
        *(row.get_close_reason_display(), row.get_satisfaction_display(), row.survey_comment),
        *(row.message, row.availability, row.name, row.email),
    ]
