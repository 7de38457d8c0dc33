from django.contrib import admin


class OwnFilter(admin.RelatedFieldListFilter):
    """Names only what a member of staff works with: for a liaison no draft, and nobody, of elsewhere."""

    def field_choices(self, field, request, model_admin):
        return field.get_choices(include_blank=False, limit_choices_to=self.own(field, request.user))

    def own(self, field, user):
        return {"pk__in": field.related_model.objects.visible_to(user)}
