from django.db import migrations

# What students and departments call the same thing. To begin with: from here on they are rows staff edit.
SYNONYMS = [
    "aways, away rotations, audition rotations, visiting rotations",
    "LOR, letter of recommendation, recommendation letter",
    "chair, chairman, chairwoman, chairperson",
    "sub-I, subI, subinternship, sub-internship, acting internship",
    "PD, program director",
    "PI, principal investigator",
    "ERAS, residency application",
    "prelim year, preliminary year, transitional year",
    "pre-clinical, M1 and M2, first and second year",
    "IR, interventional radiology",
    "EM, emergency medicine",
    "ENT, otolaryngology",
    "FM, family medicine",
    "IM, internal medicine",
    "NSGY, neurosurgery, neurological surgery",
    "OB/GYN, obgyn, obstetrics and gynecology",
    "ortho, orthopaedics, orthopedics, orthopaedic surgery, orthopedic surgery",
    "peds, pediatrics",
    "PM&R, physiatry, physical medicine and rehabilitation",
    "psych, psychiatry",
    "rad onc, radiation oncology",
    "anesthesia, anesthesiology",
    "derm, dermatology",
    "ophtho, ophthalmology",
    "uro, urology",
    "neuro, neurology",
]


def add(apps, schema_editor):
    Synonym = apps.get_model("specialties", "Synonym")
    for words in SYNONYMS:
        Synonym.objects.get_or_create(words=words)


class Migration(migrations.Migration):
    dependencies = [("specialties", "0004_search")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
