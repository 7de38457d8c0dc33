from django.apps import AppConfig


class SpecialtiesConfig(AppConfig):
    name = "specialties"
    verbose_name = "Guides"

    def ready(self):
        from . import indexing, revision  # noqa: F401 - their receivers
