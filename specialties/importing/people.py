"""The people an advisor block names."""

import re
from dataclasses import dataclass

CREDENTIAL = (
    r"(?:M\.?D\.?|D\.?O\.?|Ph\.?D\.?|M\.?P\.?H\.?|M\.?S\.?|MSc|MSCI|MSEd|MHPE|MHS|M\.?B\.?A\.?|M\.?Ed\.?|Ed\.?D\.?|MBBS|MBChB"
    r"|M\.?A\.?|J\.?D\.?|R\.?N\.?|PharmD|DMD|DDS|PA-C|BSN|MSN|NP|F[A-Z]{2,5})"
)
WORD = r"[A-Z][\w.'’-]*"
PERSON = re.compile(
    rf"(?:Dr\.? )?(?P<name>{WORD}(?: (?:{WORD}|de|da|del|van|von|der|den|la|le|bin|al|y)){{1,4}}?)"
    rf"(?:,? (?P<credentials>{CREDENTIAL}(?:,? (?:and )?{CREDENTIAL})*))?"
)
TITLE = re.compile(
    r"\b(?:professor|department|division|director|chair|chief|program|clerkship|school|university|hospital|medicine|center"
    r"|office|phone|fax|tel|pager|email|e-mail|profile|faculty|instructor|attending|coordinator)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class FoundAdvisor:
    name: str
    credentials: str = ""
    role: str = ""
    email: str = ""


def email_in(line):
    """Return the e-mail address in a line or behind its links, also one written "name [at] school.edu"; else ""."""
    text = re.sub(r" ?[\[({<] ?at ?[\])}>] ?", "@", line.text, flags=re.IGNORECASE)
    text = re.sub(r" ?[\[({<] ?dot ?[\])}>] ?", ".", text, flags=re.IGNORECASE)
    words = [*text.replace("mailto:", " ").split(), *(address[7:].split("?")[0] for _, address in line.links)]
    found = (re.fullmatch(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+", word.strip("()<>[],;:.")) for word in words if "@" in word)
    return next((match[0] for match in found if match), "")


def person_in(text):
    """Return the match of a line that is a name, with or without credentials; None for any other line."""
    text = (
        re.split(r" [(<\[–—|-] ?|(?<=[a-z]{2}): |, ?(?=[\w.+-]{2,64}@)", text, maxsplit=1)[0]
        if len(text) < 200
        else text
    )
    found = PERSON.fullmatch(text.strip(" ,"))
    return found if found and not TITLE.search(found["name"]) else None


def has_credentials(line):
    person = person_in(line.text)
    return bool(person and person["credentials"])


def advisors_in(role, lines, specialty):
    """Return the advisors of a block headed `role`. A name needs credentials, or stands first or after an address."""
    found, open_for_name = [], True
    for line in lines:
        person = person_in(line.text)
        if person and (person["credentials"] or open_for_name) and person["name"].lower() != specialty.lower():
            found.append({"name": person["name"], "credentials": person["credentials"] or "", "role": role})
            open_for_name = False
        if found and (email := email_in(line)):
            found[-1].setdefault("email", email)
            open_for_name = True
    return [FoundAdvisor(**fields) for fields in found]
