"""Imported by Python as it starts, because this directory is on its path."""

import os

from faults.jumps import Clock

Clock(os.environ["FAULTS_CLOCK"]).start()
