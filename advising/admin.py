from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from specialties.models import Liaison

admin.site.unregister([User, Group])


class LiaisonInline(TabularInline):
    model = Liaison
    verbose_name = "specialty they are the liaison of"
    verbose_name_plural = "liaison for"
    autocomplete_fields = ["specialty"]
    extra = 0


@admin.register(User)
class StaffAdmin(UserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    inlines = [LiaisonInline]


@admin.register(Group)
class StaffGroupAdmin(GroupAdmin, ModelAdmin):
    pass
