"""Processes that die at random moments, while students go on sending."""

import random
import time
from functools import partial

from .comparison import compare
from .portal import wait_until
from .students import SUBMISSIONS, Ledger


def run(portal, mail, postgres, rounds):
    """Yield a line for each kind of process: one of it is killed in every round."""

    def kill_web():
        random.choice(portal.machines).kill_web()

    def kill_worker():
        random.choice(portal.machines).kill_worker()

    def kill_postgres():
        postgres.kill()
        postgres.start()

    for name, fault, kill, in_flight, answers in (
        ("web", "kill -9 of a web process", kill_web, 0, (0, 302)),
        ("worker", "kill -9 of a worker", kill_worker, rounds, (302,)),
        ("postgres", "kill -9 of PostgreSQL", kill_postgres, rounds * len(portal.machines), (302, 503)),
    ):
        for machine in portal.machines:
            machine.wait_until_it_answers()
        ledger = Ledger(name)
        for _ in range(rounds):
            moment = len(ledger) + random.randrange(10, SUBMISSIONS - 10)
            ledger.load(portal, SUBMISSIONS, meanwhile=partial(kill_at, moment, ledger, kill))
        yield compare(fault, portal, mail, ledger, rounds=rounds, in_flight=in_flight, answers=answers)


def kill_at(moment, ledger, kill):
    """Kill when so many were acknowledged, and a random part of a second later."""
    wait_until(lambda: len(ledger) >= moment, "students are acknowledged")
    time.sleep(random.random() / 10)
    kill()
