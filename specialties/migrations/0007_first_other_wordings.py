from django.db import migrations

# What other schools' pages call the questions of the bank, where it takes knowing them to see that they mean the same.
# To begin with: from here on they are rows staff edit.
OTHER_WORDINGS = {
    "early-advice": [
        "What advice do you have for first- and second-year students?",
        "What should first- and second-year students do to prepare for this specialty?",
    ],
    "electives": [
        "What electives would you recommend for someone interested in this specialty?",
        "Which fourth-year electives should students take?",
    ],
    "away-timing": ["When is the best time to do an away rotation?"],
    "interview-month": [
        "Which month/s are interviews most concentrated?",
        "When are most interviews?",
        "When do most interviews take place?",
        "Which months are interviews held?",
    ],
    "letters-from-specialty": [
        "Should all letters of recommendation come from your specialty?",
        "Do all letters have to be from members of this specialty?",
    ],
    "letters-other-disciplines": [
        "Which other disciplines are valued for letters of recommendation?",
        "If letters can come from other disciplines, which are preferred?",
    ],
    "letter-writer-rank": ["Does the rank of the letter writer matter?"],
    "chair-letter": ["Is a letter from the department chair required?"],
}


def add(apps, schema_editor):
    Question = apps.get_model("specialties", "Question")
    for key, wordings in OTHER_WORDINGS.items():
        Question.objects.filter(key=key, other_wordings="").update(other_wordings="\n".join(wordings))


class Migration(migrations.Migration):
    dependencies = [("specialties", "0006_liaison")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
