"""What lines of real pages look like, as tables; each rule with the pages it was seen on."""

import re

from ..words import stem, words_of


def whole(*patterns):
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


def stems(words):
    return frozenset(map(stem, words.split()))


BUTTON = r"(?:show|hide|expand|collapse|open|close|view|toggle)(?: (?:all|more|less|the|answers?|questions?)){1,3}"
# Dropped wherever they stand: the furniture of a page, and what Word leaves on the clipboard.
DEBRIS = whole(
    r"skip to (?:main )?(?:content|navigation)|back to top|(?:main )?menu|search|print(?: this page)?|share|close",
    rf"[\W_]*(?:{BUTTON}|expand|collapse|toggle)[\W_]*",
    r"view (?:full )?profile|read more|learn more|toggle navigation",
    # Feinberg, links beside the guide
    r"request an? .{0,60}advis[eo]r|(?-i:Is .{1,60}(?<! [Rr]ight) for Me\?)|.{1,60} advising summary",
    r"(?:answer|response|question|questions and answers|q(?: ?& ?a)?|faq|frequently asked question)s?:?",  # table heads
    r"©.*|copyright .*|all rights reserved.*|last (?:updated|modified|reviewed).*|privacy (?:policy|statement).*",
    r"(?:home|career \w+|specialt\w+) ?[>»›].*|site ?map",
    r"follow (?:us|.{1,60} on)\b.*|facebook|instagram|linkedin|youtube|twitter",
    r"(?:normal )?0 false .*|x-none|en-us|microsoftinternetexplorer4|table\.mso.*|mso-.*",
    r"/\* (?:style|font|list) definitions \*/.*",
)
# Headings of what is neither question nor answer, and where the lines below them go ("" is nowhere).
SECTIONS = [
    ("recommendations", whole(r"(?:overall|general|final|summary|summary of) recommendations?:?")),  # Feinberg
    ("resources", whole(r"(?:[\w&/-]+ ){0,5}(?:resources|links|websites):?")),  # Feinberg
    ("resources", whole(r"(?:[\w&/-]+ ){0,5}(?:societies|organizations):?")),  # Wright
    ("resources", whole(r"(?:additional|further|recommended|suggested) (?:reading|information):?")),
    (
        "contact",
        whole(r"for more information:?|contacts?(?: us| information| info)?:?|department contact:?"),
    ),  # Feinberg
    ("contact", whole(r"(?:(?:any|more|other|further|still have) ){0,3}questions\?")),
    (
        "",
        whole(
            r"(?:many )?thanks(?: again| so much)?[,!]|thank you[,!]|(?:(?:best|kind|warm) )*(?:best|regards|wishes),"
        ),
    ),
    ("", whole(r"(?:advice |information )?(?:for )?all (?:medical )?students:?")),
    ("", whole(r"(?:quick|some|key|fast) facts:?|guides? to application:?")),  # Wright, Maryland
    ("", whole(r"related (?:links|pages|content):?|(?:alert|announcement|news|upcoming events|events|notice):?")),
]
CONTACT = whole(r"contact(?: us| information)?|for more information")  # before a colon
QUESTIONS = re.compile(
    r"(?:(?:any|more|other|further|still have) ){0,3}questions\? (?=.*@|(?:please )?(?:contact|call|e-?mail|write)\b)",
    re.IGNORECASE,
)
BANNER = re.compile(r"(?:alert|notice|announcement|update|covid[- ]19 update): .", re.IGNORECASE)

# Feinberg and ECU "Specialty Career Advisor:"; a name may follow on the line.
NAMES = r"(?:[A-Z][\w&/'’-]+ ){0,5}"
ADVISORS = re.compile(
    rf"(?P<role>{NAMES}(?:[Aa]dvis[eo]rs|[Aa]dvisors?\(s\)|[Mm]entors)"
    rf"|{NAMES}(?:[Aa]dvis[eo]r|[Mm]entor)(?= ?[:–—-])"
    rf"|{NAMES}(?:Specialty|Career|Faculty|Academic|Departmental|Residency|Advising) (?:Advis[eo]r|Mentor|Contact)"
    r"|[A-Z& ]{0,50}ADVIS[EO]RS?)(?: ?[:–—-] ?(?P<name>.*))?"
)

# Before a question. "Q:" is Wright's.
MARK = re.compile(
    r"\A(?:(?P<q>q(?:uestion)?\s?\d{0,3}\s?[:.)]|question \d{1,3}\s?[–—-])"
    r"|(?P<number>#\s?\d{1,3}[.):]?|\(?\d{1,3}[.)](?=\s|[A-Z“\"])|(?-i:[IVX]{1,4})[.)](?=\s)|\d{1,3} \|"
    r"|\d{1,2}(?=\s(?:what|which|how|do|does|is|are|should|when|can|who|where|why)\s)))\s*",
    re.IGNORECASE,
)
TOGGLE = re.compile(rf"[\W_]*(?:{BUTTON}|expand|collapse|toggle|open|close|show|hide)?[\W_]*", re.IGNORECASE)
GLUED = re.compile(  # where a copy lost the end of the line between an answer and the next question
    r"(?<=[.!)])(?=(?:What|Which|How|Does|Do|Is|Are|Should|When|If|Can|Who|Where|Why)\s[^.!?]{8,300}\?)"
)
WHO = re.compile(r"\b(?:whom?|contact)\b", re.IGNORECASE)  # is answered by a name
ANSWER_MARK = re.compile(r"\A(?:a(?:nswer)?|response)\s?:\s*", re.IGNORECASE)
NO_ANSWER = whole(  # what a form prints for a blank; "N/A" and "None" are answers
    r"[\W_]*(?:(?:left |intentionally )*blank|not answered|unanswered"
    r"|no (?:response|answer)(?: (?:was )?(?:given|provided|received))?)[\W_]*"
)
YEAR = re.compile(  # without one a line heads no stage
    r"\b(?:m|o?ms|years?)[\W_]{0,3}(?:[1-4]|i|one|two|three|four)|first|second|third|fourth|1st|2nd|3rd|4th|clinical|clerkship"
    r"|freshm[ae]n|sophomore|junior|senior",
    re.IGNORECASE,
)
NO_STAGE = re.compile(r"[.?!]\Z|\bor\b|\Aa(?:nswer)?\s?:", re.IGNORECASE)  # "M3 or M4" answers when something is best
ANSWER_TO_Q = re.compile(r"\A(?:a(?:nswer)?|response)\s?\d{0,3}\s?[:.)](?:\s+|$)", re.IGNORECASE)
LABELLED = re.compile(r"(?P<label>[^:–—]{2,80}?)(?::| [–—-]) (?P<value>.+)")  # "Research: helpful"
NUMBER = re.compile(  # "Number of letters recommended 3-4"
    r"(?P<label>[A-Z][^\d?.:]{3,60}(?<!Step)(?<!Level)) (?P<number>\d{1,2}(?: ?[–-] ?\d{1,2}|\+)?)"
)
STARTS = re.compile(
    r"[“\"(]?(?:(?:(?:in|at|by|to|for|on|from|with|of|about|during) )?(?:what|which|whom|when)|what['’]s|where|who"
    r"|whose|why|how|do|does|did|is|are|was|were|can|could|should|would|will|may|might|must|has"
    r"|have|if|other than|besides"
    r"|aside from|assuming)\b",
    re.IGNORECASE,
)
# The beginning of one without its question mark; "Do well", "If you can" and "When possible" ask nothing.
ASKS = re.compile(
    r"[“\"(]?(?:(?:(?:in|at|by|to|for|on|from|with|of|about|during) )?(?:what|which|whom)|who|whose|why|how(?! to\b)"
    r"|does|did|is|are|was|were|should|would|could|(?:when|where) (?:do|does|should|is|are|can|must|would)"
    r"|(?:do|have|can|may|will|must) (?:you|i|we|they|students?|programs?|applicants?|letters?)"
    r"|if\b.{3,150}, (?:when|how|do|does|what|which|where|is|are|should))\b",
    re.IGNORECASE,
)
TELLS = re.compile(r"(?:do|have)\b", re.IGNORECASE)  # "Do a sub-internship"; it asks only as ASKS has it
LEAD = re.compile(
    r"\A(?::\s*|(?:[|–—-]\s+)+|\(yes ?/ ?no\)\s*)", re.IGNORECASE
)  # between a question and its answer on one line
FOLLOWS = re.compile(r"(?:if|and|or|when|how|which|what|who|why|does|do|is|are|should|where)\b", re.IGNORECASE)
SECOND_HALF = re.compile(r"if (?:so|yes|no|not|important|necessary|required|recommended|applicable)\b", re.IGNORECASE)
# A question of one or two words on a line of its own, and what else a line asks that is marked as a question.
ASIDE = re.compile(
    r"(?:when|where|how (?:many|much|long|early|soon)|which(?: ones?)?|(?:from|by) whom)\?", re.IGNORECASE
)
ASKS_ON = re.compile(r"[^.!?]{3,200}\?")
# Where a copy ends within one of these, it is no answer to what stands above.
USUAL_HEADINGS = """
    overall recommendations; specialty career advisor:; for more information; associated societies; quick facts
    m1 and m2 students; m3 and m4 students; advice for ms3 and ms4 students; show all answers; view profile
"""
USUAL_HEADINGS = [heading.strip() for heading in re.split(r"[;\n]", USUAL_HEADINGS) if heading.strip()]
# A question in the form of a request; ECU's "Please list any additional comments".
REQUEST = whole(
    r"please (?:list|describe|share|provide|comment on|indicate|explain)"
    r" (?:any|the|your|other|additional|specific)\b[^.!]*",
    r"any (?:other|additional|further|final)\b[^.!?]*\?",
)
# What a writer asks in passing, inside an answer.
RHETORICAL = whole(
    r"(?:do|would|are|have|can|could|should|did|will) you (?!have any (?:other|additional|further|advice))"
    r"(?:want|like|enjoy|have|need|prefer|feel|see|think|love|sure"
    r"|not|interested|ready|someone|the|still|be|do|worry|ever|really)\b.*",
    r"(?:are you|should you|still|not sure|wondering|why not|so|but|and|who knows|what if(?! i\b)|is it worth"
    r"|sound)\b.*",
    r"(?:why (?:bother|us|is|does|do)|does|is) (?:this|that|it)\b"
    r"(?! (?:matter (?:if|wh|how)|(?:\w+ )?(?:possible|necessary|needed|important|required|recommended|better|best"
    r"|advisable|helpful|useful|beneficial|common|acceptable|allowed|okay|ok|too (?:late|early))\b)).*|why bother.*",
)
# What schools ask about; a heading of nothing else is a question ("Research", "Letters of recommendation").
HEADING_WORDS = stems("""
    research letter lor sub season recommendation rotation away audition elective selective subinternship
    internship interview
    step usmle comlex score board grade clerkship honors aoa rank class application apply eras competitiveness
    chair advice
    mentorship shadowing volunteer extracurricular activity leadership publication personal statement cv mspe fellowship
    requirement prerequisite month summer experience signal preference skill lifestyle salary number importance
    course scholarship service community balance timeline backup preparation exposure involved population gap
""")
TOPICS = HEADING_WORDS | stems("""
    specialty field student program resident training match school dean schedule hour career quality characteristic
    market visa img year resource couples plan parallel mistake success discipline
    faculty department medicine physician performance hobby group interest common qualification comment
    anything else
""")
JOINS = stems("""
    of and for the in to your or on with an from by a need is are amount exam ck s clinical home 1 2 3
    early program opportunity plan get work life year patient acting
""")
OF_HEADINGS = HEADING_WORDS | JOINS
STAGE_WORDS = stems(
    "advice guidance information tips year question medical student training curriculum college school section "
    "clinical phase early know faq rising 1 2 3"
)
SMALL_WORDS = frozenset("a an and as at by for from in of on or the to with & / – -".split())  # noqa: SIM905
NO_SPECIALTY = frozenset(  # words of a page's other titles
    words_of("""
    university school college education advising affairs studentaffairs career careers home office menu program guide
    residency student students welcome index default page choice specialty specialties overview about faq more
    choosing advice for frequently asked questions
    """)
)
