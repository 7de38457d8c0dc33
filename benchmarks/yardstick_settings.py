from tests.production_settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.yardsticks"
