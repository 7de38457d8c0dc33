"""Who changed which word when, kept by django-simple-history in the transaction of each change."""

from django.db.models import QuerySet
from django.utils import timezone
from simple_history.models import HistoricalRecords

ADDED, CHANGED, DELETED = "+", "~", "-"
SILENT = {"position", "created_at", "updated_at", "edited_at"}  # not words: a change of these alone is none
COMMAND = "a command"
WITHOUT_ACCOUNT = "a page that needs no account"


class History(HistoricalRecords):
    """Versions of rows as they are stored, one for each change of a word."""

    def create_historical_record(self, instance, history_type, using=None):
        if history_type != DELETED:
            instance = self.as_stored(instance)
        instance._history_date = self.moment()
        if history_type != CHANGED or self.is_new(instance):
            super().create_historical_record(instance, history_type, using)

    def moment(self):
        """All that one save changes, it changes at one moment: a guide goes back to none in the middle of it."""
        request = getattr(self.context, "request", None)
        moment = getattr(request, "moment_of_change", None) or timezone.now()
        if request:
            request.moment_of_change = moment
        return moment

    def as_stored(self, instance):
        """What is in memory may be older than the row, where save() names its fields."""
        stored = type(instance)._base_manager.get(pk=instance.pk)
        for name in ("_change_reason", "_history_user"):
            if hasattr(instance, name):
                setattr(stored, name, getattr(instance, name))
        return stored

    def is_new(self, instance):
        """Whether it says anything else than its last version."""
        last = getattr(instance, self.manager_name).order_by("-history_id").first()
        if not last:
            return True
        names = [field.attname for field in last.tracked_fields if field.name not in SILENT]
        return any(getattr(last, name) != getattr(instance, name) for name in names) or any(
            related(last, field.name) != {*getattr(instance, field.name).values_list("pk", flat=True)}
            for field in last._history_m2m_fields
        )

    def m2m_changed(self, instance, action, attr, pk_set, reverse, **kwargs):
        """Set from either side, a relation belongs to the row that has the field."""
        rows = self.cls.objects.filter(pk__in=pk_set or []) if reverse else [instance]
        for row in rows:
            super().m2m_changed(row, action, attr, pk_set, reverse)

    def post_delete(self, instance, using=None, origin=None, **kwargs):
        origin_model = origin.model if isinstance(origin, QuerySet) else type(origin)
        if origin and origin_model is not type(instance):
            instance._change_reason = deleted_with(origin_model)
        super().post_delete(instance, using, **kwargs)

    def get_change_reason_for_object(self, instance, history_type, using):
        return super().get_change_reason_for_object(instance, history_type, using) or self.way()

    def way(self):
        """By which way a change came that no user made; nothing where one did."""
        request = getattr(self.context, "request", None)
        if not request:
            return COMMAND
        return "" if request.user.is_authenticated else WITHOUT_ACCOUNT


def deleted_with(model):
    return f"deleted with its {model._meta.verbose_name}"


def related(version, name):
    """The primary keys of a version's related rows."""
    field = version.instance_type._meta.get_field(name)
    column = f"{field.related_model._meta.model_name}_id"
    return {getattr(row, column) for row in getattr(version, name).all()}
