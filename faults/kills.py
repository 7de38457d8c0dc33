"""Processes that die at random moments, while students go on sending."""

import random
import time

from tests.mailserver import MailServer

from .comparison import compare
from .portal import running_portal
from .students import Ledger

SUBMISSIONS = 200  # in each round


def run(rounds, postgres):
    """Yield a line for each kind of process: one of it is killed in every round."""
    with MailServer() as mail, running_portal(mail, postgres.url) as portal:

        def kill_web():
            random.choice(portal.machines).kill_web()

        def kill_worker():
            random.choice(portal.machines).kill_worker()

        def kill_postgres():
            postgres.kill()
            postgres.start()

        for name, fault, kill, in_flight in (
            ("web", "kill -9 of a web process", kill_web, 0),
            ("worker", "kill -9 of a worker", kill_worker, rounds),
            ("postgres", "kill -9 of PostgreSQL", kill_postgres, rounds * len(portal.machines)),
        ):
            ledger = Ledger(name)
            for _ in range(rounds):
                moment = len(ledger) + random.randrange(10, SUBMISSIONS - 10)
                ledger.load(portal, SUBMISSIONS, meanwhile=lambda: at(ledger, moment, kill))
            yield compare(fault, portal, mail, ledger, rounds=rounds, in_flight=in_flight)


def at(ledger, moment, kill):
    """Kill when so many were acknowledged, and a random part of a second later."""
    while len(ledger) < moment:
        time.sleep(0.005)
    time.sleep(random.random() / 10)
    kill()
