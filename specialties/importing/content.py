from .page import html


def content_of(page):
    """Return a Page as plain data: what is kept of it, and what the command prints without the HTML."""
    return {
        "specialty": page.specialty,
        "quote": page.quote,
        "quote_source": page.quote_source,
        "recommendations": html(page.recommendation_lines),
        "entries": [
            {
                "stage": entry.stage,
                "question": entry.question,
                "key": entry.key,
                "answer": entry.answer,
                "body": entry.body,
                "blank": entry.blank,
            }
            for entry in page.entries
        ],
        "advisors": [vars(advisor) for advisor in page.advisors],
        "resources": [{"label": label, "url": url} for label, url in page.resources],
        "contact": page.contact,
        "warnings": list(page.warnings),
    }
