"""Search over everything a guide says: one way in, on PostgreSQL's full text search and on SQLite's FTS5.

Words are folded and stemmed here, alike for both (see words.py), so that they find the same and mark the same; the
database finds and ranks. The rows it searches are written by indexing.py in the transaction of each edit.
"""

from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.db.models import Q

from .history import History
from .query import significant, stems
from .words import excerpt, marked, words_of

FEWEST_WORDINGS = 2
MOST_HITS = 120
MOST_HITS_OF_A_GUIDE = 4  # where all guides are searched


class Synonym(models.Model):
    """Words that mean the same to a search, in every direction."""

    words = models.CharField(
        max_length=300, unique=True, help_text="With commas between, as in: LOR, letter of recommendation"
    )

    history = History()

    class Meta:
        ordering = ["words"]

    def __str__(self):
        return self.words

    def clean(self):
        if len(self.meanings()) < FEWEST_WORDINGS:
            raise ValidationError({"words": "Give at least two wordings, with a comma between."})

    def meanings(self):
        """Return for each wording, as the stems of its words, what to look for: every wording, as stems that count."""
        wordings = [words for wording in self.words.split(",") if (words := words_of(wording))]
        phrases = [stems(significant(words)) for words in wordings]
        return dict.fromkeys(map(stems, wordings), phrases)


class Syntax(NamedTuple):
    """How a database wants to be asked."""

    word: str
    prefix: str
    both: str
    either: str

    def expression(self, terms, every_term):
        return (self.both if every_term else self.either).join(map(self._term, terms))

    def _term(self, term):
        choices = [f"({self.both.join(map(self.word.format, phrase))})" for phrase in term.phrases]
        choices += [self.prefix.format(term.prefix)] if term.prefix else []
        return f"({self.either.join(choices)})"


TSQUERY = Syntax(word="'{}'", prefix="'{}':*", both=" & ", either=" | ")
FTS5 = Syntax(word='"{}"', prefix='"{}"*', both=" AND ", either=" OR ")


class SearchEntryQuerySet(models.QuerySet):
    def published(self):
        return self.filter(specialty__is_published=True)

    def narrowed_to(self, specialty=None, stage=None):
        wanted = Q()
        if specialty:
            wanted &= Q(specialty=specialty)
        if stage:
            wanted &= Q(question__stage=stage)
        return self.filter(wanted)

    def matching(self, query, *, every_term):
        """Those in which the query's terms are, best first, those without an answer last."""
        if connection.vendor == "postgresql":
            expression = TSQUERY.expression(query.terms, every_term)
            found = self.extra(
                select={"rank": "-ts_rank(document, %s::tsquery)"},
                select_params=[expression],
                where=["document @@ %s::tsquery"],
                params=[expression],
            )
        else:
            expression = FTS5.expression(query.terms, every_term)
            found = self.extra(
                select={"rank": "bm25(specialties_search, 10, 1)"},
                tables=["specialties_search"],
                where=["specialties_search.rowid = specialties_searchentry.id", "specialties_search MATCH %s"],
                params=[expression],
            )
        return found.order_by("is_blank", "rank", "specialty__name", "pk")

    def replace(self, stale, entries):
        """Delete the entries of the queryset `stale` and store the new ones, for both databases to search."""
        with transaction.atomic():
            if connection.vendor == "sqlite":
                self._forget([*stale.values_list("pk", flat=True)])
            stale.delete()
            created = self.bulk_create(entries, batch_size=500)
            if connection.vendor == "sqlite":
                self._remember(created)

    def _forget(self, keys):
        with connection.cursor() as cursor:
            cursor.executemany("DELETE FROM specialties_search WHERE rowid = %s", [[key] for key in keys])

    def _remember(self, entries):
        rows = [[entry.pk, entry.heading_words, entry.text_words] for entry in entries]
        with connection.cursor() as cursor:
            # REPLACE: what belonged to a row that was deleted with its specialty may still be here
            cursor.executemany("REPLACE INTO specialties_search (rowid, heading, text) VALUES (%s, %s, %s)", rows)


class SearchEntry(models.Model):
    """A place on the site that a search leads to: an answer, an advisor or another part of a guide."""

    # What is deleted takes its entries with it in indexing.py: as a cascade they would fill the page that asks staff.
    specialty = models.ForeignKey("specialties.Specialty", models.DO_NOTHING, related_name="+")
    question = models.ForeignKey("specialties.Question", models.DO_NOTHING, null=True, related_name="+")
    advisor = models.ForeignKey("specialties.Advisor", models.DO_NOTHING, null=True, related_name="+")
    anchor = models.SlugField(blank=True)
    heading = models.CharField(max_length=300)
    short_answer = models.CharField(max_length=80, blank=True)
    text = models.TextField(blank=True)
    is_blank = models.BooleanField(default=False)
    heading_words = models.TextField()
    text_words = models.TextField()

    objects = SearchEntryQuerySet.as_manager()

    def __str__(self):
        return f"{self.specialty}: {self.heading}"

    def get_absolute_url(self):
        if self.advisor:
            return self.advisor.get_absolute_url()
        return self.specialty.get_absolute_url() + (f"#{self.anchor}" if self.anchor else "")

    @property
    def words(self):
        return {*self.heading_words.split(), *self.text_words.split()}


class Hit(NamedTuple):
    entry: SearchEntry
    heading: str  # HTML, with the matching words marked
    short_answer: str  # HTML likewise
    excerpt: str  # HTML likewise


class Group(NamedTuple):
    specialty: models.Model
    hits: list  # best first
    more: int  # matches in the same guide that are left out


class Results(NamedTuple):
    groups: list  # best first
    has_every_term: bool = True  # or only some of what was asked for
    is_cut: bool = False  # more match than were looked at

    @property
    def count(self):
        return sum(len(group.hits) + group.more for group in self.groups)


def search(query, *, specialty=None, stage=None):
    """Return the Results of a Query among published guides: with all its terms, or where nothing has all, with any."""
    if not query.terms:
        return Results([])
    found, has_every_term = best(query, specialty, stage)
    most = MOST_HITS if specialty else MOST_HITS_OF_A_GUIDE
    by_guide = {}
    for entry in found[:MOST_HITS]:
        by_guide.setdefault(entry.specialty, []).append(entry)
    groups = [
        Group(guide, [hit(entry, query) for entry in own[:most]], max(len(own) - most, 0))
        for guide, own in by_guide.items()
    ]
    return Results(groups, has_every_term, len(found) > MOST_HITS)


def best(query, specialty=None, stage=None):
    """Return the entries to show and one more where there are more, and whether they have every term of the query."""
    entries = SearchEntry.objects.published().narrowed_to(specialty, stage)
    entries = entries.select_related("specialty", "question", "advisor")
    with_all = entries.defer("heading_words", "text_words").matching(query, every_term=True)
    if found := list(with_all[: MOST_HITS + 1]):
        return found, True
    with_some = entries.matching(query, every_term=False)[: MOST_HITS + 1]
    return sorted(with_some, key=lambda entry: (entry.is_blank, -query.count_in(entry.words))), False


def hit(entry, query):
    return Hit(
        entry,
        heading=marked(entry.heading, query.find),
        short_answer=marked(entry.short_answer, query.find),
        excerpt=marked(excerpt(entry.text, query.find), query.find),
    )
