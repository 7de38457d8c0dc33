"""Redis as a cache that may go away: it holds nothing that cannot be found out anew, so then it is an empty one."""

import logging

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class ForgivingRedis(RedisCache):
    def get(self, key, default=None, version=None):
        return self._ask(super().get, key, default, version, instead=default)

    def add(self, *args, **kwargs):
        return self._ask(super().add, *args, **kwargs, instead=True)

    def set(self, *args, **kwargs):
        self._ask(super().set, *args, **kwargs)

    def delete(self, *args, **kwargs):
        return self._ask(super().delete, *args, **kwargs, instead=False)

    def _ask(self, ask, *args, instead=None, **kwargs):
        """Return what Redis answers, or where it does not, what an empty cache would have."""
        try:
            return ask(*args, **kwargs)
        except RedisError as error:
            logger.warning("Redis did not answer: %s", type(error).__name__)
            return instead
