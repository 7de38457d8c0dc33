"""Processes that die at random moments, while students go on sending."""

import random
import time
from functools import partial

from .comparison import compare
from .students import SUBMISSIONS, Ledger


def kill_web(portal, mail, postgres, rounds):
    def kill():
        random.choice(portal.machines).kill_web()

    ledger = load(portal, rounds, kill)
    return compare("kill -9 of a web process", portal, mail, ledger, rounds=rounds, answers=(0, 302))


def kill_worker(portal, mail, postgres, rounds):
    def kill():
        random.choice(portal.machines).kill_worker()

    ledger = load(portal, rounds, kill)
    return compare("kill -9 of a worker", portal, mail, ledger, rounds=rounds, in_flight=rounds)


def kill_postgres(portal, mail, postgres, rounds):
    def kill():
        postgres.kill()
        postgres.start()

    ledger, in_flight = load(portal, rounds, kill), rounds * len(portal.machines)
    return compare(
        "kill -9 of PostgreSQL", portal, mail, ledger, rounds=rounds, in_flight=in_flight, answers=(302, 503)
    )


def load(portal, rounds, kill):
    """Kill once in every round, at a random moment; return what students wrote down."""
    ledger = Ledger("kill")
    for _ in range(rounds):
        moment = len(ledger) + random.randrange(10, SUBMISSIONS - 10)
        ledger.load(portal, SUBMISSIONS, meanwhile=partial(kill_at, moment, ledger, kill))
    return ledger


def kill_at(moment, ledger, kill):
    """Kill when so many were acknowledged, and a random part of a second later."""
    while len(ledger) < moment:
        time.sleep(0.005)
    time.sleep(random.random() / 10)
    kill()
