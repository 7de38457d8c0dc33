from django.conf import settings


def school(request):
    return {
        "school_name": settings.SCHOOL_NAME,
        "accent_color": settings.ACCENT_COLOR,
        "office_email": settings.OFFICE_EMAIL,
        "office_days": settings.OFFICE_DAYS,
    }
