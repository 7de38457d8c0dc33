from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin
from unfold.admin import ModelAdmin

from .models import AuditEntry

# Each person keeps these under "How you sign in"; here secrets would be shown, and a factor could be made for others.
admin.site.unregister([Authenticator, EmailAddress, SocialAccount, SocialApp, SocialToken])


@admin.register(AuditEntry)
class AuditEntryAdmin(ModelAdmin):
    list_display = ["at", "who", "what", "detail", "address"]
    list_filter = ["what"]
    search_fields = ["who", "detail", "address"]
    date_hierarchy = "at"
    actions = None
    show_full_result_count = False

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False
