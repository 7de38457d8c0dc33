from django.contrib import admin

MOST_NAMES = 300  # more would fill the page; the search finds them, too


class OwnFilter(admin.RelatedFieldListFilter):
    """Names only what a member of staff works with: for a liaison no draft, and nobody, of elsewhere.

    Where that is more than a page has room for, it names what is chosen, and nothing else.
    """

    def field_choices(self, field, request, model_admin):
        choices = field.get_choices(include_blank=False, limit_choices_to=self.own(field, request.user))
        self.is_too_long = len(choices) > MOST_NAMES
        if self.is_too_long:
            choices = [choice for choice in choices if str(choice[0]) in (self.lookup_val or [])]
        return choices

    def has_output(self):
        return self.is_too_long or super().has_output()  # one that is not shown would not filter either

    def own(self, field, user):
        return {"pk__in": field.related_model.objects.visible_to(user)}
