from django.apps import AppConfig


class SpecialtiesConfig(AppConfig):
    name = "specialties"
    verbose_name = "Guides"
