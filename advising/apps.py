from django.apps import AppConfig


class AdvisingConfig(AppConfig):
    name = "advising"
    verbose_name = "Portal"

    def ready(self):
        from . import checks  # noqa: F401
