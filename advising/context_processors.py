from django.conf import settings


def school(request):
    return {
        "site_url": settings.SITE_URL,
        "school_name": settings.SCHOOL_NAME,
        "has_own_accent": settings.ACCENT_COLOR != settings.DEFAULT_ACCENT,
        "office_email": settings.OFFICE_EMAIL,
        "office_days": settings.OFFICE_DAYS,
    }
