"""Two to four guides side by side."""

from urllib.parse import urlencode

from django.db.models import prefetch_related_objects
from django.urls import reverse

from .models import Question

FEWEST, MOST = 2, 4


class Comparison:
    """The specialties a reader chose by slug among those published, and what to say of a choice that cannot be."""

    def __init__(self, slugs, published):
        by_slug = {specialty.slug: specialty for specialty in published}
        found = [by_slug[slug] for slug in slugs if slug in by_slug]
        different = list(dict.fromkeys(found))
        self.specialties, self.left_out = different[:MOST], different[MOST:]
        self.repeated = [specialty for specialty in self.specialties if found.count(specialty) > 1]
        self.unknown = len(slugs) - len(found)

    @property
    def is_complete(self):
        return len(self.specialties) >= FEWEST

    @property
    def has_room(self):
        return len(self.specialties) < MOST

    @property
    def address(self):
        return address_of(self.specialties)

    @property
    def chosen(self):
        """Yield each specialty with the address of the comparison without it."""
        for specialty in self.specialties:
            yield specialty, address_of([other for other in self.specialties if other != specialty])

    @property
    def messages(self):
        if self.unknown == 1:
            yield "One guide was asked for that is not here."
        elif self.unknown:
            yield f"{self.unknown} guides were asked for that are not here."
        for specialty in self.repeated:
            yield f"{specialty} was chosen twice and is shown once."
        if self.left_out:
            names = ", ".join(map(str, self.left_out))
            yield f"At most {MOST} fit side by side, so this is left out: {names}."

    def rows(self):
        """Return each question with its cells: each specialty and its answer, None where it is not asked."""
        prefetch_related_objects(self.specialties, "answers", "advisors")
        questions = Question.objects.asked_of(*self.specialties)
        return [(question, [(each, each.answer_to(question)) for each in self.specialties]) for question in questions]


def address_of(specialties):
    query = urlencode([("s", specialty.slug) for specialty in specialties])
    return reverse("specialties:compare") + (f"?{query}" if query else "")
