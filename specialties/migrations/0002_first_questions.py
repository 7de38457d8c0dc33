from django.db import migrations

# The stages and questions of the school's own pages, once: from here on they are rows staff edit, and no deploy
# touches them again.
STAGES = {
    ("m1-m2", "M1 and M2 Students"): [
        (
            "early-advice",
            "Early advice",
            "What advice would you offer first- and second-year students who are interested in pursuing your specialty?",
        ),
        (
            "research",
            "Research",
            "How important is a research experience in your specialty? If important, does it need to be in the specialty "
            "itself?",
        ),
    ],
    ("m3-m4", "M3 and M4 Students"): [
        (
            "electives",
            "M4 electives",
            "What M4 electives would you recommend to a student who is interested in pursuing your specialty?",
        ),
        ("away-rotations", "Away rotations", "Does your specialty recommend doing away rotations?"),
        (
            "away-count",
            "How many aways",
            "If your specialty recommends doing away rotations, how many “aways” do you recommend?",
        ),
        ("away-timing", "When to do aways", "If away rotations are necessary, when should they be completed?"),
        ("interview-month", "Month off to interview", "Which month do you recommend taking off to interview?"),
        (
            "letters-from-specialty",
            "Letters from the specialty",
            "Does your specialty recommend that all letters of recommendation be written by members of your specialty?",
        ),
        (
            "letters-other-disciplines",
            "Letters from other disciplines",
            "If letters can come from other disciplines, do you have a recommendation as to which disciplines are more "
            "highly valued?",
        ),
        ("letter-writer-rank", "Rank of the letter writer", "Does the academic rank of the letter writer matter?"),
        ("chair-letter", "Letter from the chairman", "Does your specialty require a letter from the chairman?"),
    ],
}


def ask(apps, schema_editor):
    Stage = apps.get_model("specialties", "Stage")
    Question = apps.get_model("specialties", "Question")
    for stage_position, ((slug, name), questions) in enumerate(STAGES.items(), start=1):
        stage, _ = Stage.objects.get_or_create(slug=slug, defaults={"name": name, "position": stage_position})
        for position, (key, label, text) in enumerate(questions, start=1):
            values = {"stage": stage, "label": label, "text": text, "position": position}
            Question.objects.get_or_create(key=key, defaults=values)


class Migration(migrations.Migration):
    dependencies = [("specialties", "0001_first")]

    # Backwards it leaves the rows, as answers may hang on them; forwards again it finds them there.
    operations = [migrations.RunPython(ask, migrations.RunPython.noop)]
