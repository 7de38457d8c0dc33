from django.apps import AppConfig


class SpecialtiesConfig(AppConfig):
    name = "specialties"
    verbose_name = "Guides"

    def ready(self):
        from . import indexing  # noqa: F401 - its receivers
