"""Everything a person can fill holds a script that would show itself; pages are opened without our policy's help."""

import pytest
from django.contrib.auth.models import User

from requests_app.outbox import OutgoingEmail
from specialties.feedback import SIGNER
from specialties.models.proposals import Source, propose
from specialties.previews import link_for_department
from tests.factories import (
    make_advisor,
    make_answer,
    make_email,
    make_feedback,
    make_question,
    make_request,
    make_resource,
    make_review,
    make_specialty,
    make_stage,
    make_superuser,
)
from tests.test_specialties_imported_pages import PAGE, kept

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.looks]

RUNS = "parent.pwned=1"
SCRIPT = f"<script>{RUNS}</script>"
# each leaves the element, the attribute or the string it might stand in
PAYLOAD = f"'\"></title></textarea></script>{SCRIPT}<img src=x onerror={RUNS}><svg onload={RUNS}>{{{{ 7*7 }}}}"
SHORT = f"<svg onload={RUNS}>"
IN_A_LINK = f"https://example.org/'\">{SCRIPT}"  # which is taken for an address


class World:
    """One of everything, stored as no form would take it: what forms refuse, another road may bring."""

    def __init__(self):
        stage = make_stage(name=f"{PAYLOAD}"[:100])
        self.specialty = make_specialty(
            f"Urology {SHORT}",
            slug="urology",
            summary=PAYLOAD[:200],
            quote=PAYLOAD,
            quote_source=PAYLOAD,
            department=PAYLOAD,
            address=f"{PAYLOAD}\n{PAYLOAD}",
            phone=SHORT,
            email="department@example.edu",
            recommendations=f"<p>{PAYLOAD}</p><a href='javascript:{RUNS}'>x</a>",
        )
        make_specialty(f"Surgery {SHORT}", slug="surgery", summary=PAYLOAD[:200])
        self.question = make_question("evil", stage=stage, text=PAYLOAD, label=f"{SHORT}"[:30], other_wordings=PAYLOAD)
        self.answer = make_answer(
            self.specialty,
            self.question,
            short_answer=SHORT,
            body=PAYLOAD,
            confirmed_on="2026-01-02",
            confirmed_by=SHORT,
        )
        self.answer.body, self.answer._change_reason = f"<p>Anew</p>{PAYLOAD}", SHORT
        self.answer.save()
        make_resource(self.specialty, label=PAYLOAD, url=IN_A_LINK, note=PAYLOAD)
        self.advisor = make_advisor(
            self.specialty,
            name=f"Kim {SHORT}",
            slug="kim",
            credentials=SHORT,
            role=SHORT,
            bio=PAYLOAD,
            profile_url=IN_A_LINK,
        )
        self.staff = make_superuser()
        User.objects.filter(pk=self.staff.pk).update(first_name=PAYLOAD[:100], last_name=SHORT)
        written = {"name": SHORT, "message": PAYLOAD, "availability": PAYLOAD[:400]}
        self.met, self.request = (make_request(self.specialty, **written) for _ in range(2))
        self.met.accept(by=self.advisor, note=PAYLOAD)
        self.met.meet(by=self.advisor, note=PAYLOAD)
        self.met.answer_survey(satisfaction=1, comment=PAYLOAD)
        self.request.add_note(PAYLOAD, by=self.staff)
        self.closed = make_request(self.specialty, **written)
        self.closed.close(PAYLOAD, by=self.staff)
        self.feedback = make_feedback(self.answer, words=PAYLOAD, state="passed_on")
        self.review = make_review(self.specialty, name=SHORT)
        self.proposal = propose(
            self.specialty,
            self.question,
            short_answer=SHORT,
            body=f"<p>{PAYLOAD}</p>",
            source=Source.REVIEW,
            author_name=SHORT,
            review=self.review,
        )
        self.page = kept(PAGE.replace("Shadow early.", PAYLOAD).replace("Urology\n", f"Urology {SHORT}\n", 1))
        self.email = make_email(
            request=self.request, subject=PAYLOAD[:190], text=PAYLOAD, next_try=None, last_error=PAYLOAD
        )

    def paths(self):
        offer, voted = self.request.offers.get(), SIGNER.sign(f"{self.answer.pk}-{self.feedback.pk}")
        yield from ("/", self.specialty.get_absolute_url(), "/advisors/kim/", "/questions/", "/questions/evil/")
        yield from ("/compare/?s=urology&s=surgery", f"/search/?q={PAYLOAD}", "/search/?q=pwned")
        yield from ("/specialties/urology/request/", f"/feedback/{voted}/", f"/requests/{SCRIPT}/")
        yield from (self.request.get_absolute_url(), self.met.get_absolute_url(), self.closed.get_absolute_url())
        yield from (offer.get_absolute_url(), self.review.get_absolute_url(), link_for_department(self.specialty))

    def paths_of_staff(self):
        yield from ("", "report/", "needs-work/", f"search/?s={SHORT}", f"specialties/specialty/?q={PAYLOAD}")
        for name in ("specialty", "advisor", "question", "stage", "feedback", "proposal", "importedpage"):
            yield f"specialties/{name}/"
        yield from ("requests_app/advisorrequest/?queue=all", "requests_app/outgoingemail/", "auth/user/")
        for name, row in (("specialty", self.specialty), ("advisor", self.advisor), ("question", self.question)):
            yield from (f"specialties/{name}/{row.pk}/{page}/" for page in ("change", "history"))
        for name, row in (("proposal", self.proposal), ("importedpage", self.page)):
            yield f"specialties/{name}/{row.pk}/change/"
        yield from (f"specialties/specialty/{self.specialty.pk}/{page}/" for page in ("preview", "delete"))
        yield from (f"requests_app/advisorrequest/{row.pk}/change/" for row in (self.met, self.closed))
        yield from (f"requests_app/advisorrequest/{self.request.pk}/{verb}/" for verb in ("offer", "close"))
        yield f"requests_app/outgoingemail/{self.email.pk}/change/"


@pytest.fixture
def watched(chromium, live_server, settings):
    """A page of a browser that takes no notice of our policy, with a list of what somebody else's script did in it."""
    settings.SITE_URL = live_server.url
    context = chromium.new_context(base_url=live_server.url, bypass_csp=True)
    done, page = [], context.new_page()
    page.on("dialog", lambda dialog: (done.append(f"dialog on {page.url}"), dialog.dismiss()))
    page.on("request", lambda request: done.append(request.url) if is_elsewhere(request.url, live_server.url) else None)
    page.route("**/*.{png,svg,woff2,css}", lambda route: route.abort())
    page.done = done
    yield page
    context.close()


def is_elsewhere(url, here):
    return not url.startswith((f"{here}/", "data:", "about:")) or url.endswith("/x")


def look(page, path):
    page.goto(path, wait_until="domcontentloaded")
    if page.evaluate("window.pwned"):
        page.done.append(f"script on {path}")
    links = page.eval_on_selector_all("[href^='javascript:'], [src^='javascript:']", "found => found.length")
    page.done.extend([f"link on {path}"] * links)


def test_nothing_that_anybody_wrote_runs_anywhere(watched, sign_in, questions):
    world = World()
    look(watched, "/")
    watched.set_content(f"<p>{SCRIPT}</p>")
    assert watched.evaluate("window.pwned") == 1  # so it would be seen
    for path in world.paths():
        look(watched, path)
    for html in OutgoingEmail.objects.values_list("html", flat=True):
        watched.set_content(html)
        if watched.evaluate("window.pwned"):
            watched.done.append("script in an e-mail")
    sign_in(watched, world.staff)
    for path in world.paths_of_staff():
        look(watched, f"/admin/{path}")
    assert watched.done == []
