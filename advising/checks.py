from django.conf import settings
from django.core.checks import Error, Tags, Warning, register

READABLE_CONTRAST = 4.5  # WCAG 2.2, 1.4.3: white button text on the accent colour


@register(Tags.security, deploy=True)
def mail_reaches_people(app_configs, **kwargs):
    if settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
        yield Warning("E-mails are kept, not sent.", hint="Set EMAIL_URL.", id="advising.W001")
    if settings.OFFICE_EMAIL.endswith("@localhost"):
        yield Warning("The advising office gets no e-mail.", hint="Set OFFICE_EMAIL.", id="advising.W002")


@register
def accent_is_readable(app_configs, **kwargs):
    accent = settings.ACCENT_COLOR
    if contrast_with_white(accent) < READABLE_CONTRAST:
        yield Error(f"White text on ACCENT_COLOR {accent} is hard to read; take a darker one.", id="advising.E001")


def contrast_with_white(color):
    """Return the contrast ratio (1 to 21) of "#rrggbb" and white, as WCAG 2.2 defines it."""
    channels = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return 1.05 / (luminance + 0.05)
