from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "advising.accounts"
    verbose_name = "Accounts of staff"

    def ready(self):
        from . import recording  # noqa: F401
