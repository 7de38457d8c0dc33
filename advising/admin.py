from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q
from django.shortcuts import redirect
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


def beyond(user):
    """Return the permissions a user does not have themselves, and so gives to nobody."""
    if user.is_superuser:
        return Permission.objects.none()
    return Permission.objects.exclude(Q(user=user) | Q(group__user=user))


@admin.register(User)
class StaffAdmin(UserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    inlines = [LiaisonInline]

    def has_change_permission(self, request, obj=None):
        """Whoever may do more is not theirs to change: with a password they could be that person."""
        may_change = super().has_change_permission(request, obj)
        if obj is None or request.user.is_superuser:
            return may_change
        does_more = beyond(request.user).filter(Q(user=obj) | Q(group__user=obj)).exists()
        return may_change and not (obj.is_superuser or does_more)

    def user_change_password(self, request, id, form_url=""):
        """One's own is changed where the old one is asked for: whoever finds a session open would keep the account."""
        if self.get_object(request, unquote(id)) == request.user:
            return redirect("admin:password_change")
        return super().user_change_password(request, id, form_url)

    def get_readonly_fields(self, request, obj=None):
        fields = super().get_readonly_fields(request, obj)
        return fields if request.user.is_superuser else [*fields, "is_superuser", "user_permissions"]

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        if db_field.name == "groups":
            kwargs["queryset"] = Group.objects.exclude(permissions__in=beyond(request.user))
        return super().formfield_for_manytomany(db_field, request, **kwargs)


@admin.register(Group)
class StaffGroupAdmin(GroupAdmin, ModelAdmin):
    pass
