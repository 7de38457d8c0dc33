"""Who changed which word when, and the way back."""

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser, Group, User
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from requests_app.handover import hand_over
from specialties.models import Advisor, Answer, Liaison, Question, Resource, Specialty, Stage, Synonym
from specialties.models.proposals import Source, propose
from specialties.search import SearchEntry
from specialties.versions import Versions, WrittenSince, restore_guide, versions_of_guide
from tests.factories import (
    make_advisor,
    make_answer,
    make_full_specialty,
    make_question,
    make_request,
    make_resource,
    make_specialty,
    make_staff,
    make_superuser,
    make_synonym,
)
from tests.test_specialties_admin import change_url, posted, prefix_of

pytestmark = pytest.mark.django_db

first_versions = import_module("specialties.migrations.0013_first_versions")


def history_url(row):
    return reverse(f"admin:specialties_{row._meta.model_name}_history", args=[row.pk])


def deleted_url(model):
    return reverse(f"admin:specialties_{model._meta.model_name}_deleted")


def versions(row):
    """All versions of a row, newest first."""
    return Versions(type(row).history.filter(id=row.pk))[:100]


def told(row):
    """What the history tells of a row's versions, newest first: how, by whom, why."""
    return [(each.what, each.who, each.record.history_change_reason) for each in versions(row)]


def rewrite(answer, body, by=None):
    answer.body, answer._history_user = body, by
    answer.save()
    return answer


def restore(client, row, version, **data):
    """Press a version's button on the page of `row` as it is shown now; return the messages."""
    page = client.get(history_url(row))
    seen = {each.seen_as: each.record.newest for each in page.context["page"]}
    return messages(client.post(history_url(row), seen | {"version": version.key} | data, follow=True))


def restore_whole(client, specialty, version):
    """Let a guide go back to the moment of a version; return the messages."""
    data = {"guide": version.moment, "last_change": Versions(*versions_of_guide(specialty)).last_change}
    return messages(client.post(history_url(specialty), data, follow=True))


def make_liaison(specialty):
    liaison = make_staff()
    liaison.groups.add(Group.objects.get(name="Liaisons"))
    Liaison.objects.create(user=liaison, specialty=specialty)
    return liaison


def messages(response):
    return [str(message) for message in response.context["messages"]]


class TestKeeping:
    def test_every_version_of_an_answer_says_who_wrote_it(self, superuser_client, superuser, guide):
        question = Question.objects.get(key="away-count")
        page = superuser_client.get(change_url(guide))
        data = posted(page, **{f"{prefix_of(page, question)}-short_answer": "Two"})
        superuser_client.post(change_url(guide), data)
        answer = guide.answers.get(question=question)
        assert told(answer) == [("changed", str(superuser), ""), ("added", "the portal", "guide file")]
        assert list(versions(answer)[0].differences) == [("Short answer", "<del>1–2\n</del><ins>Two</ins>")]

    def test_saving_without_a_change_leaves_no_version(self, superuser_client, guide):
        before = len(Versions(*versions_of_guide(guide)))
        page = superuser_client.get(change_url(guide))
        superuser_client.post(change_url(guide), posted(page))
        assert len(Versions(*versions_of_guide(guide))) == before

    def test_places_and_counters_are_no_words(self, guide):
        question, advisor = Question.objects.first(), Advisor.objects.first()
        question.position = 99
        question.save(update_fields=["position"])
        request = make_request(guide)
        request.close("Done.", by=make_superuser(), reason="group_session")
        assert [len(versions(row)) for row in (question, advisor)] == [len(told(question)), 2]
        assert [what for what, *_ in told(advisor)] == ["changed", "added"]  # with its specialty

    def test_version_is_what_is_stored_and_not_what_an_older_page_held(self):
        stale = make_specialty(summary="Old", quote="Old")
        Specialty.objects.get(pk=stale.pk).save()
        fresh = Specialty.objects.get(pk=stale.pk)
        fresh.quote = "New"
        fresh.save()
        stale.summary = "New"
        stale.save(update_fields=["summary"])
        record = Specialty.history.filter(id=stale.pk).latest("history_id")
        assert (record.summary, record.quote) == ("New", "New")

    def test_rich_text_is_kept_as_it_is_stored(self):
        answer = make_answer(make_specialty(), body="<p>Yes</p><script>x</script>")
        assert list(Answer.history.values_list("body", flat=True)) == ["<p>Yes</p>"]
        assert answer.history.count() == 1

    def test_accepted_proposal_says_where_its_words_come_from(self, questions, superuser):
        specialty, question = make_specialty(), Question.objects.first()
        proposal = propose(specialty, question, body="<p>New.</p>", source=Source.REVIEW, author_name="Dana Department")
        proposal.accept(by=superuser)
        assert told(Answer.objects.get()) == [
            ("added", str(superuser), "department’s review, by Dana Department"),
        ]

    def test_worker_puts_a_text_in_force_for_who_accepted_it(self, questions, superuser):
        proposal = propose(make_specialty(), Question.objects.first(), body="<p>New.</p>", source=Source.STAFF)
        soon = timezone.now() + timezone.timedelta(seconds=0.1)
        proposal.accept(by=superuser, at=soon)
        assert not Answer.objects.exists()
        proposal.take_effect()
        assert [who for _, who, _ in told(Answer.objects.get())] == [str(superuser)]

    def test_user_who_is_gone_is_told_from_the_portal(self, client):
        user = make_superuser()
        client.force_login(user)
        client.post(reverse("admin:specialties_synonym_add"), {"words": "LOR, letter"})
        User.objects.filter(pk=user.pk).delete()
        by_command = make_synonym()
        synonym = Synonym.objects.get(words="LOR, letter")
        assert told(synonym) == [("added", "somebody whose account is gone", "")]
        assert told(by_command) == [("added", "the portal", "a command")]

    def test_page_that_needs_no_account_is_told_from_both(self, rf):
        HistoricalRecords.context.request = rf.get("/")
        HistoricalRecords.context.request.user = AnonymousUser()
        try:
            synonym = make_synonym()
        finally:
            del HistoricalRecords.context.request
        assert told(synonym) == [("added", "the portal", "a page that needs no account")]

    def test_advisors_of_a_guide_are_kept_from_whichever_page_they_are_changed(self, superuser_client, superuser):
        specialty, other = make_specialty("Urology"), make_specialty("Dermatology")
        advisor = make_advisor(specialty)
        page = superuser_client.get(change_url(specialty))
        superuser_client.post(change_url(specialty), posted(page, **{"Advisor_specialties-0-DELETE": "on"}))
        other.advisors.add(advisor)
        assert [list(version.differences) for version in versions(advisor)[:2]] == [
            [("Specialties", "<ins>Dermatology</ins>")],
            [("Specialties", "<del>Urology</del>")],
        ]
        assert versions(advisor)[1].who == str(superuser)
        assert list(SearchEntry.objects.filter(advisor=advisor).values_list("specialty", flat=True)) == [other.pk]

    def test_advisor_is_exchanged_for_another_in_a_row_of_the_guide(self, superuser_client):
        specialty, successor = make_specialty(), make_advisor()
        make_advisor(specialty)
        page = superuser_client.get(change_url(specialty))
        superuser_client.post(change_url(specialty), posted(page, **{"Advisor_specialties-0-advisor": successor.pk}))
        assert list(specialty.advisors.all()) == [successor]
        assert [what for what, *_ in told(successor)] == ["changed", "added"]

    def test_advisor_who_leaves_is_kept_as_a_stand_in_no_more(self, superuser):
        leaves = make_advisor(name="Robin Leaves")
        away = make_advisor(stand_in=leaves)
        hand_over(leaves, None, by=superuser)
        assert list(versions(away)[0].differences) == [("Stand in", "<del>Robin Leaves</del>")]

    def test_history_begins_with_the_words_that_are_there(self, guide):
        models = [Stage, Specialty, Question, Answer, Resource, Advisor, Synonym]
        for model in models:
            model.history.all().delete()
        Advisor.history.model.specialties.model.objects.all().delete()
        first_versions.keep(apps, None)
        assert [model.history.count() for model in models] == [model.objects.count() for model in models]
        advisor = guide.advisors.get()
        assert told(advisor) == [("added", "the portal", first_versions.REASON)]
        advisor.save()
        assert len(versions(advisor)) == 1
        first_versions.forget(apps, None)
        assert [model.history.count() for model in models] == [0] * len(models)


class TestPage:
    def test_shows_a_guide_and_its_answers_in_one_place_newest_first(self, superuser_client, superuser, guide):
        answer = guide.answers.get(question__key="away-count")
        rewrite(answer, "<p>One to three away rotations should be sufficient.</p>", superuser)
        resource = make_resource(guide, label="Society")
        resource.delete()
        page = superuser_client.get(history_url(guide))
        assert [(each.name, each.what) for each in page.context["page"]][:3] == [
            ("Resource “Society”", "deleted"),
            ("Resource “Society”", "added"),
            ("How many aways", "changed"),
        ]
        html = page.content.decode()
        assert "One to <del>two </del><ins>three </ins>away rotations" in html
        assert f"{superuser} · a command" in html

    def test_shows_advisors_who_came_and_left_and_nothing_else_of_them(self, superuser_client):
        specialty, draft = make_specialty(), make_specialty("Of a draft", is_published=False)
        advisor = make_advisor(specialty, draft, name="Kim Gone")
        advisor.bio = "A bio"
        advisor.save()
        specialty.advisors.set([])
        page = superuser_client.get(history_url(specialty))
        assert [(each.name, each.what, list(each.differences)) for each in page.context["page"]][:2] == [
            ("Advisors", "taken away", [("Name", "<del>Kim Gone</del>")]),
            ("Advisors", "added", [("Name", "<ins>Kim Gone</ins>")]),
        ]
        assert len(page.context["page"]) == 3
        assert "Of a draft" not in page.content.decode()
        [came] = [each for each in page.context["page"] if each.what == "added" and each.name == "Advisors"]
        data = {"version": came.key, came.seen_as: came.record.newest}
        assert superuser_client.post(history_url(specialty), data).status_code == 404
        assert not specialty.advisors.exists()

    def test_shows_nothing_of_another_guide(self, superuser_client, guide):
        make_full_specialty(summary="Of another guide")
        html = superuser_client.get(history_url(guide)).content.decode()
        assert "Of another guide" not in html

    def test_is_for_those_who_may_see_the_guide(self, client, guide):
        client.force_login(make_staff("view_advisor", "see_every_guide"))
        assert client.get(history_url(guide)).status_code == 403

    @pytest.mark.parametrize("rows", [1, 3])
    @pytest.mark.parametrize(("is_liaison", "queries"), [(False, 18), (True, 20)])
    def test_queries_are_flat(self, client, superuser, django_assert_num_queries, rows, is_liaison, queries):
        specialty = make_specialty()
        for _ in range(rows):
            rewrite(make_answer(specialty), "<p>New.</p>", superuser)
            make_resource(specialty).delete()
            specialty.advisors.remove(make_advisor(specialty))
            specialty.summary += "More"
            specialty.save()
        client.force_login(make_liaison(specialty) if is_liaison else superuser)
        client.get(history_url(specialty))
        with django_assert_num_queries(queries):
            client.get(history_url(specialty))

    @pytest.mark.parametrize("rows", [1, 3])
    @pytest.mark.parametrize(("is_liaison", "queries"), [(False, 16), (True, 18)])
    def test_queries_of_an_advisor_are_flat(self, client, django_assert_num_queries, rows, is_liaison, queries):
        specialty = make_specialty()
        advisor = make_advisor(specialty, stand_in=make_advisor())
        for number in range(rows):
            advisor.bio = f"Bio {number}"
            advisor.save()
            advisor.specialties.add(make_specialty())
        client.force_login(make_liaison(specialty) if is_liaison else make_superuser())
        client.get(history_url(advisor))
        with django_assert_num_queries(queries):
            client.get(history_url(advisor))

    def test_has_pages(self, superuser_client):
        synonym = make_synonym()
        for number in range(30):
            synonym.words = f"one, {number}"
            synonym.save()
        page = superuser_client.get(f"{history_url(synonym)}?page=2").context["page"]
        assert [version.what for version in page] == ["changed"] * 5 + ["added"]


class TestRestoring:
    def test_version_of_an_answer_becomes_the_newest(self, superuser_client, superuser):
        answer = make_answer(make_specialty(), body="<p>Old.</p>", short_answer="Old")
        rewrite(answer, "<p>New.</p>")
        first = versions(answer)[-1]
        assert restore(superuser_client, answer.specialty, first) == [f"Restored as it was on {first.when}."]
        answer.refresh_from_db()
        assert (answer.body, answer.short_answer) == ("<p>Old.</p>", "Old")
        assert told(answer)[0] == ("changed", str(superuser), f"restored from {first.when}")
        assert len(told(answer)) == 3

    def test_confirmation_comes_back_with_the_words_it_was_given_for(self, superuser_client):
        answer = make_answer(make_specialty(), body="<p>Old.</p>", confirmed_on="2026-03-02", confirmed_by="Dana")
        answer.refresh_from_db()
        rewrite(answer, "<p>New.</p>")
        assert answer.confirmed_on is None
        restore(superuser_client, answer.specialty, versions(answer)[-1])
        answer.refresh_from_db()
        assert (str(answer.confirmed_on), answer.confirmed_by) == ("2026-03-02", "Dana")

    def test_confirmation_of_another_wording_does_not_come_back(self, superuser_client):
        answer = make_answer(make_specialty(), body="<p>Old.</p>", confirmed_on="2026-03-02", confirmed_by="Dana")
        answer.refresh_from_db()
        answer.question.text = "Asked otherwise?"
        answer.question.save()
        rewrite(answer, "<p>New.</p>")
        restore(superuser_client, answer.specialty, versions(answer)[-1])
        answer.refresh_from_db()
        assert (answer.body, answer.confirmed_on, answer.confirmed_by) == ("<p>Old.</p>", None, "")

    def test_older_wording_of_a_question_takes_confirmations_back(self, superuser_client):
        question = make_question(text="Old?")
        question.text = "New?"
        question.save()
        answer = make_answer(make_specialty(), question, confirmed_on="2026-03-02", confirmed_by="Dana")
        restore(superuser_client, question, versions(question)[-1])
        answer.refresh_from_db()
        assert (answer.question.text, answer.confirmed_on) == ("Old?", None)
        assert told(answer)[0][2] == "its question was reworded"

    def test_what_was_written_since_is_not_overwritten(self, superuser_client):
        answer = make_answer(make_specialty(), body="<p>Old.</p>")
        rewrite(answer, "<p>New.</p>")
        first, seen = versions(answer)[-1], versions(answer)[0].record.pk
        rewrite(answer, "<p>Written since.</p>")
        assert restore(superuser_client, answer.specialty, first, **{first.seen_as: seen}) == [
            "Somebody changed this meanwhile. Look at the newest version first."
        ]
        answer.refresh_from_db()
        assert answer.body == "<p>Written since.</p>"

    def test_looking_changes_nothing(self, superuser_client):
        answer = make_answer(make_specialty(), body="<p>Old.</p>")
        rewrite(answer, "<p>New.</p>")
        superuser_client.get(history_url(answer.specialty), {"version": versions(answer)[-1].key})
        answer.refresh_from_db()
        assert answer.body == "<p>New.</p>"

    def test_needs_the_permission_to_change(self, client):
        answer = make_answer(make_specialty(), body="<p>Old.</p>")
        rewrite(answer, "<p>New.</p>")
        client.force_login(make_staff("see_every_guide", "view_specialty", "view_answer", "change_specialty"))
        page = client.get(history_url(answer.specialty)).content.decode()
        assert ("<ins>New.</ins>" in page, "Restore" in page) == (True, False)
        first = versions(answer)[-1]
        data = {"version": first.key, first.seen_as: first.record.newest}
        assert client.post(history_url(answer.specialty), data).status_code == 403
        data = {"guide": first.moment, "last_change": Versions(*versions_of_guide(answer.specialty)).last_change}
        assert client.post(history_url(answer.specialty), data).status_code == 403
        answer.refresh_from_db()
        assert answer.body == "<p>New.</p>"

    @pytest.mark.parametrize("version", ["", "answer", "answer:0", "answer:x", "user:1", "question:1", "answer:²"])
    def test_odd_wishes_are_not_found(self, superuser_client, guide, version):
        assert superuser_client.post(history_url(guide), {"version": version}).status_code == 404

    @pytest.mark.parametrize("moment", ["", "now", "0001-01-01", "2026-11-24T12:00", "²"])
    def test_odd_moments_change_nothing(self, superuser_client, guide, moment):
        before = guide.history.count()
        assert superuser_client.post(history_url(guide), {"guide": moment}).status_code == 302
        assert guide.history.count() == before

    def test_version_of_another_guide_is_not_found(self, superuser_client, guide):
        answer = make_answer(make_specialty(), body="<p>Old.</p>")
        rewrite(answer, "<p>New.</p>")
        first = versions(answer)[-1]
        data = {"version": first.key, first.seen_as: first.record.newest}
        assert superuser_client.post(history_url(guide), data).status_code == 404

    def test_words_come_back_and_address_and_publication_stay(self, superuser_client):
        specialty = make_specialty(summary="Old", slug="old", is_published=True)
        specialty.summary, specialty.slug, specialty.is_published = "New", "new", False
        specialty.save()
        restore(superuser_client, specialty, versions(specialty)[-1])
        specialty.refresh_from_db()
        assert (specialty.summary, specialty.slug, specialty.is_published) == ("Old", "new", False)

    def test_version_that_cannot_be_any_more_is_refused_with_the_reason(self, superuser_client):
        specialty = make_specialty("Urology")
        specialty.name = "Urologic Surgery"
        specialty.save()
        make_specialty("Urology", slug="another")
        assert restore(superuser_client, specialty, versions(specialty)[-1]) == [
            "This version cannot be restored: Specialty with this Name already exists."
        ]
        specialty.refresh_from_db()
        assert specialty.name == "Urologic Surgery"

    def test_advisor_advises_again_on_what_they_did(self, superuser_client):
        advisor = make_advisor(make_specialty("Urology"), make_specialty("Dermatology"))
        both = versions(advisor)[0]
        advisor.specialties.clear()
        Specialty.objects.get(name="Urology").delete()
        restore(superuser_client, advisor, both)
        assert [str(specialty) for specialty in advisor.specialties.all()] == ["Dermatology"]

    def test_whole_guide_goes_back_to_a_moment(self, superuser_client):
        specialty = make_specialty(summary="Old")
        kept, given = make_answer(specialty, body="<p>Old.</p>"), make_question()
        gone = make_resource(specialty, label="Gone")
        moment = Versions(*versions_of_guide(specialty))[:1][0]
        specialty.summary = "New"
        specialty.save()
        rewrite(kept, "<p>New.</p>")
        later = make_answer(specialty, given)
        gone.delete()
        make_resource(specialty, label="Later")
        assert restore_whole(superuser_client, specialty, moment) == [f"Restored as it was on {moment.when}."]
        for row in (specialty, kept, later):
            row.refresh_from_db()
        assert (specialty.summary, kept.body, later.is_blank) == ("Old", "<p>Old.</p>", True)
        assert [resource.label for resource in specialty.resources.all()] == ["Gone"]

    def test_whole_guide_goes_back_with_its_advisors(self, superuser_client):
        specialty, other = make_specialty("Urology"), make_specialty("Dermatology")
        leaves, stays, is_deleted, moves = (make_advisor(specialty, name=f"Kim {n}") for n in range(4))
        [moment] = Versions(*versions_of_guide(specialty))[:1]
        leaves.specialties.set([other])
        moves.specialties.set([other])
        specialty.advisors.set([stays, make_advisor()])
        is_deleted.delete()
        assert restore_whole(superuser_client, specialty, moment) == [
            f"Restored as it was on {moment.when}.",
            "Not among its advisors again, since they were deleted: Kim 2.",
        ]
        assert list(specialty.advisors.all()) == [leaves, stays, moves]
        assert list(leaves.specialties.all()) == [other, specialty]

    def test_whole_guide_goes_back_to_before_it_lost_an_advisor_without_any_other_change(self, superuser_client):
        specialty = make_specialty()
        advisor = make_advisor(specialty)
        specialty.advisors.set([])
        gone, came = Versions(*versions_of_guide(specialty))[:2]
        restore_whole(superuser_client, specialty, came)
        assert list(specialty.advisors.all()) == [advisor]
        restore_whole(superuser_client, specialty, gone)
        assert list(specialty.advisors.all()) == []

    def test_whole_guide_goes_back_to_a_whole_save(self, superuser_client):
        specialty, answer = make_specialty(), make_question()
        advisor = make_advisor(specialty)
        page = superuser_client.get(change_url(specialty))
        saved = {"summary": "Saved", f"{prefix_of(page, answer)}-short_answer": "Saved"}
        superuser_client.post(change_url(specialty), posted(page, **saved, **{"Advisor_specialties-0-DELETE": "on"}))
        text = Versions(Specialty.history.filter(id=specialty.pk))[:1][0]
        specialty.refresh_from_db()
        specialty.summary = "Later"
        specialty.save()
        specialty.advisors.add(advisor)
        rewrite(specialty.answers.get(), "<p>Later.</p>")
        restore_whole(superuser_client, specialty, text)
        specialty.refresh_from_db()
        assert (specialty.summary, specialty.answers.get().text) == ("Saved", ("Saved", ""))
        assert list(specialty.advisors.all()) == []

    def test_advisors_stay_where_a_liaison_who_may_not_change_them_lets_a_guide_go_back(self, client):
        specialty = make_specialty(summary="Old")
        [moment] = Versions(*versions_of_guide(specialty))[:1]
        advisor = make_advisor(specialty)
        client.force_login(make_liaison(specialty))
        assert restore_whole(client, specialty, moment) == [
            f"Restored as it was on {moment.when}.",
            "Its advisors stay as they are, since you may not change them.",
        ]
        assert list(specialty.advisors.all()) == [advisor]

    def test_whole_guide_does_not_go_back_over_advisors_who_were_not_seen(self):
        specialty = make_specialty()
        seen = Versions(*versions_of_guide(specialty)).last_change
        advisor = make_advisor(specialty)
        with pytest.raises(WrittenSince):
            restore_guide(specialty, specialty.history.get().history_date, seen=seen)
        assert list(specialty.advisors.all()) == [advisor]

    def test_whole_guide_does_not_go_back_over_what_was_not_seen(self):
        specialty = make_specialty(summary="Old")
        moment = specialty.history.get()
        seen = Versions(*versions_of_guide(specialty)).last_change
        make_answer(specialty)
        with pytest.raises(WrittenSince):
            restore_guide(specialty, moment.history_date, seen=seen)
        assert not specialty.answers.get().is_blank


class TestDeleted:
    def undelete(self, client, model):
        """Press the only button of the list of deleted rows; return the messages."""
        [version] = client.get(deleted_url(model)).context["page"]
        data = {"version": version.key, version.seen_as: version.record.newest}
        return messages(client.post(deleted_url(model), data, follow=True))

    def test_resource_comes_back_from_the_history_of_its_guide(self, superuser_client):
        resource = make_resource(make_specialty(), note="A note")
        stored = Resource.objects.values().get()
        specialty = resource.specialty
        Resource.objects.all().delete()
        newest = Versions(*versions_of_guide(specialty))[:1][0]
        restore(superuser_client, specialty, newest)
        assert list(Resource.objects.values()) == [stored]
        edited = specialty.updated_at
        specialty.refresh_from_db()
        assert specialty.updated_at > edited

    def test_guide_comes_back_as_a_draft_with_all_that_was_deleted_along(self, superuser_client, guide):
        own = make_question(specialty=guide)
        make_answer(guide, own, body="<p>Of its own.</p>")
        long_gone = make_resource(guide, label="Deleted before")
        make_resource(guide, label="Society")
        long_gone.delete()
        answers = list(guide.answers.order_by("pk").values())
        assert len(answers) == 11
        superuser_client.post(reverse("admin:specialties_specialty_delete", args=[guide.pk]), {"post": "yes"})
        assert not Specialty.objects.exists()
        self.undelete(superuser_client, Specialty)
        specialty = Specialty.objects.get()
        assert (specialty.quote, specialty.is_published) == (guide.quote, False)
        assert list(specialty.answers.order_by("pk").values()) == answers
        assert [resource.label for resource in specialty.resources.all()] == ["Society"]
        assert [advisor.slug for advisor in specialty.advisors.all()] == ["kent-sato"]
        assert list(specialty.own_questions.all()) == [own]

    @pytest.mark.parametrize("confirmed", [{}, {"confirmed_on": "2026-03-01", "confirmed_by": "Dr. A"}])
    def test_guide_comes_back_without_answers_to_questions_deleted_since(self, superuser_client, confirmed):
        specialty, gone, kept = make_specialty(), make_question(), make_question()
        make_answer(specialty, gone, body="<p>Gone.</p>", **confirmed)
        make_answer(specialty, kept, body="<p>Kept.</p>")
        superuser_client.post(reverse("admin:specialties_specialty_delete", args=[specialty.pk]), {"post": "yes"})
        gone.delete()
        self.undelete(superuser_client, Specialty)
        assert [answer.body for answer in Specialty.objects.get().answers.all()] == ["<p>Kept.</p>"]

    def test_advisor_comes_back_with_specialties_and_without_a_picture_that_is_gone(self, superuser_client):
        advisor = make_advisor(make_specialty(), make_specialty(), bio="A bio", photo="advisors/gone.webp")
        superuser_client.post(reverse("admin:specialties_advisor_delete", args=[advisor.pk]), {"post": "yes"})
        self.undelete(superuser_client, Advisor)
        restored = Advisor.objects.get()
        assert (restored.bio, restored.photo.name, restored.specialties.count()) == ("A bio", "", 2)

    @pytest.mark.parametrize("make", [make_synonym, make_question])
    def test_row_comes_back_as_it_was(self, superuser_client, make):
        row = make()
        model = type(row)
        stored = model.objects.filter(pk=row.pk).values().get()
        model.objects.filter(pk=row.pk).delete()
        self.undelete(superuser_client, model)
        assert model.objects.filter(pk=row.pk).values().get() == stored
        assert list(superuser_client.get(deleted_url(model)).context["page"]) == []

    def test_row_whose_place_is_taken_is_refused(self, superuser_client):
        make_synonym("LOR, letter").delete()
        make_synonym("LOR, letter")
        assert self.undelete(superuser_client, Synonym) == [
            "This version cannot be restored: Synonym with this Words already exists."
        ]

    @pytest.mark.parametrize("rows", [1, 3])
    @pytest.mark.parametrize(("make", "queries"), [(make_specialty, 8), (make_advisor, 10)])
    def test_queries_of_the_list_are_flat(self, superuser_client, django_assert_num_queries, rows, make, queries):
        model = type(make())
        for _ in range(rows):
            make().delete()
        with django_assert_num_queries(queries):
            superuser_client.get(deleted_url(model))

    def test_list_is_for_those_who_see_every_guide(self, client):
        make_specialty("Urology").delete()
        client.force_login(make_staff("view_specialty", "add_specialty", "change_specialty"))
        assert client.get(deleted_url(Specialty)).status_code == 403
        changelist = client.get(reverse("admin:specialties_specialty_changelist")).content.decode()
        assert deleted_url(Specialty) not in changelist
