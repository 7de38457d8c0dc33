import errno
import io
import logging
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from requests_app.outbox import LEASE, NotInTrouble, OutgoingEmail, send_due
from tests.database import url_of_test_database
from tests.factories import make_email, make_request, make_specialty
from tests.mailserver import free_port

pytestmark = pytest.mark.django_db


def due_again():
    OutgoingEmail.objects.filter(sent_at=None).update(next_try=timezone.now())


def test_message_arrives_as_it_was_written(by_smtp, caplog):
    advisor_request = make_request(make_specialty(abbreviation="IR"), email="ada@example.edu")
    call_command("work", "--once")

    [message] = by_smtp.to("ada@example.edu")
    written = advisor_request.emails.get(kind="received")
    assert message["Subject"] == f"[{advisor_request.reference}] We have your request for an advisor in IR"
    assert message["From"] == "office@example.edu"
    assert message["Reply-To"] == "office@example.edu"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == written.message_id
    assert advisor_request.token in message.get_body(("plain",)).get_content()
    assert f'<a href="http://testserver/requests/{advisor_request.token}/"' in message.get_body(("html",)).get_content()
    assert caplog.messages == ["Sent 2."]
    assert written.sent_at is not None


def test_what_was_sent_is_not_sent_again(by_smtp):
    make_email()
    assert (send_due(), send_due()) == (1, 0)
    assert len(by_smtp.received) == 1


def test_server_that_is_down_gets_the_message_later_and_once(settings, by_smtp):
    email = make_email()
    settings.EMAIL_PORT = free_port()
    assert send_due() == 0

    email.refresh_from_db()
    assert (email.attempts, email.sent_at, email.state) == (1, None, "trying again")
    assert "ConnectionRefusedError" in email.last_error
    assert timedelta(seconds=5) < email.next_try - timezone.now() < timedelta(seconds=15)
    assert send_due() == 0, "it is not due yet"

    settings.EMAIL_PORT = by_smtp.port
    due_again()
    assert (send_due(), send_due()) == (1, 0)
    email.refresh_from_db()
    assert (email.state, email.last_error) == ("sent", "")
    assert len(by_smtp.received) == 1


def test_pauses_grow_and_end(by_smtp):
    email = make_email()
    by_smtp.refuse = {email.to: "451 Try later"}
    pauses = []
    with time_machine.travel(timezone.now(), tick=False) as clock:
        while email.next_try:
            clock.move_to(email.next_try)
            send_due()
            email.refresh_from_db()
            pauses.append((email.next_try - timezone.now()).total_seconds() if email.next_try else None)
        waited = timezone.now() - email.created_at
    assert pauses[0] < 15 < pauses[3] < 3600 < pauses[-2] < 3 * 3600
    assert email.state == "failed"
    assert timedelta(hours=33) < waited < timedelta(hours=36)


def test_message_that_was_tried_very_often_still_has_a_next_try(by_smtp):
    email = make_email(attempts=10_000)
    by_smtp.refuse = {email.to: "451 Try later"}
    send_due()
    email.refresh_from_db()
    assert email.state == "trying again"


def test_message_to_nobody_is_not_taken_for_sent(by_smtp):
    email = make_email(to="")
    assert send_due() == 0
    email.refresh_from_db()
    assert email.state == "trying again"


def test_full_disk_under_the_log_keeps_no_mail_back(by_smtp):
    make_email()
    worker = logging.getLogger("requests_app.management.commands.work")
    worker.addHandler(log := logging.StreamHandler(FullDisk()))
    worker.setLevel("INFO")
    try:
        call_command("work", "--once")
    finally:
        worker.removeHandler(log)
        worker.setLevel("NOTSET")
    assert OutgoingEmail.objects.get().state == "sent"


def test_one_connection_serves_a_whole_pass_and_a_new_one_what_follows_a_failure(by_smtp):
    for _ in range(3):
        make_email()
    send_due()
    assert by_smtp.connections == 1
    by_smtp.drop_after_data = True
    make_email()
    send_due()
    by_smtp.drop_after_data = False
    due_again()
    assert send_due() == 1
    assert by_smtp.connections == 3


def test_production_without_a_mail_server_keeps_its_mail(settings, caplog, capsys):
    settings.DEBUG = False
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    email = make_email(text="a private link")
    call_command("work", "--once")
    assert caplog.messages == ["EMAIL_URL is not set, so e-mails are kept: 1 wait."]
    assert "private link" not in "".join(capsys.readouterr())
    email.refresh_from_db()
    assert email.state == "waiting"


def test_private_link_that_a_server_quotes_is_not_kept(by_smtp):
    by_smtp.refuse = {"gone@example.edu": "550 Spam: https://advising.example.edu/respond/12.abc-DEF/ is listed"}
    email = make_email(to="gone@example.edu")
    send_due()
    email.refresh_from_db()
    assert "Spam: https://advising.example.edu/respond/…/ is listed" in email.last_error


def test_one_refused_address_fails_for_good_and_stops_nobody_else(by_smtp):
    bad, good = make_email(to="gone@example.edu"), make_email()
    by_smtp.refuse = {"gone@example.edu": "550 No such user"}
    assert send_due() == 1
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, good.state) == ("failed", "sent")
    assert "No such user" in bad.last_error
    assert list(OutgoingEmail.objects.failed()) == [bad]


def test_failed_message_is_sent_again_when_staff_say_so(by_smtp):
    email = make_email(next_try=None, attempts=3, last_error="550")
    assert send_due() == 0
    email.send_again()
    assert send_due() == 1
    with pytest.raises(NotInTrouble):
        email.send_again()


def test_message_that_is_tried_again_goes_out_at_once_when_staff_say_so(by_smtp):
    email = make_email(next_try=timezone.now() + timedelta(hours=2), attempts=3, last_error="451 Try later")
    assert send_due() == 0
    email.send_again()
    assert send_due() == 1


@pytest.mark.parametrize("last_error", ["", "451 Try later"])
def test_message_that_is_being_sent_is_not_sent_again_beside_it(last_error):
    make_email(attempts=1, last_error=last_error)
    in_flight = OutgoingEmail.objects.claim()
    with pytest.raises(NotInTrouble, match="being sent"):
        OutgoingEmail.objects.get().send_again()
    with pytest.raises(NotInTrouble):  # a page that was loaded before the worker took it
        in_flight.send_again()
    assert OutgoingEmail.objects.claim() is None
    in_flight._record(sent_at=timezone.now(), next_try=None)
    assert OutgoingEmail.objects.get().state == "sent"


def test_slow_server_is_given_up_on_and_tried_later(settings, by_smtp):
    settings.EMAIL_TIMEOUT = 0.2
    by_smtp.delay = 1
    email = make_email()
    assert send_due() == 0
    email.refresh_from_db()
    assert email.state == "trying again"
    assert "timed out" in email.last_error


def test_server_may_take_half_a_minute_for_a_step_and_every_step_ends_within_the_lease(settings):
    steps = ["connect", "EHLO", "STARTTLS", "EHLO", "AUTH", "AUTH", "MAIL", "RCPT", "DATA", "message", "QUIT"]
    assert 30 < settings.EMAIL_TIMEOUT < LEASE.total_seconds() / len(steps)


def test_claimed_message_is_nobody_elses_until_its_lease_ends():
    email = make_email()
    mine = OutgoingEmail.objects.claim()
    assert mine == email
    assert OutgoingEmail.objects.claim() is None
    OutgoingEmail.objects.update(next_try=timezone.now() - timedelta(seconds=1))  # as when the lease is over
    assert OutgoingEmail.objects.claim().attempts == 2
    email.refresh_from_db()
    assert timedelta(0) < email.next_try - timezone.now() <= LEASE


@pytest.mark.django_db(transaction=True)
def test_workers_that_come_at_once_get_different_messages():
    emails = {make_email().pk for _ in range(20)}

    def claim_all(_):
        try:
            return list(iter(OutgoingEmail.objects.claim, None))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as workers:
        claimed = [email.pk for claimed in workers.map(claim_all, range(4)) for email in claimed]
    assert (len(claimed), set(claimed)) == (20, emails)


def test_worker_that_was_slow_past_its_lease_writes_nothing(by_smtp):
    make_email()
    slow = OutgoingEmail.objects.claim()
    OutgoingEmail.objects.update(next_try=timezone.now())
    assert OutgoingEmail.objects.claim() is not None
    slow._record(sent_at=timezone.now(), next_try=None)
    assert OutgoingEmail.objects.get().sent_at is None
    OutgoingEmail.objects.update(next_try=None)  # given up on, and taken up again by staff
    OutgoingEmail.objects.get().send_again()
    assert OutgoingEmail.objects.claim().attempts == 3


@pytest.mark.django_db(transaction=True)
def test_workers_that_are_killed_lose_nothing_and_double_at_most_the_message_in_flight(smtp, transactional_db):
    """Three real workers; one is killed at its work again and again, as a power cut would."""
    for n in range(60):
        make_email(to=f"reader-{n}@example.edu")
    smtp.delay = 0.02
    workers = [start_worker(smtp) for _ in range(3)]
    killed = 0
    try:
        wait_until(lambda: smtp.received)
        while OutgoingEmail.objects.filter(sent_at=None, attempts=0).exists() and killed < 4:
            victim = workers.pop(0)
            victim.kill()
            victim.wait()
            killed += 1
            workers.append(start_worker(smtp))
            before = len(smtp.received)
            wait_until(lambda before=before: len(smtp.received) > before + 3 or all_sent_or_leased())
        wait_until(all_sent_or_leased)
        due_again()  # rather than wait for the leases of those that were in flight
        wait_until(lambda: not OutgoingEmail.objects.filter(sent_at=None).exists())
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()

    ids = [message["Message-ID"] for message in smtp.received]
    assert killed >= 1
    assert len(set(ids)) == 60, "every message arrived"
    assert len(ids) - len(set(ids)) <= killed, "at most the one in flight came twice"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_worker_that_is_asked_to_stop_finishes_its_message_first(smtp, name):
    for _ in range(3):
        make_email()
    smtp.delay = 0.5
    worker = start_worker(smtp)
    wait_until(lambda: OutgoingEmail.objects.filter(attempts=1).exists())
    worker.send_signal(getattr(signal, name))
    assert worker.wait(timeout=20) == 0
    assert OutgoingEmail.objects.exclude(sent_at=None).count() == len(smtp.received)
    assert not OutgoingEmail.objects.filter(sent_at=None, attempts=1).exists()


class FullDisk(io.StringIO):
    def write(self, text):
        raise OSError(errno.ENOSPC, "No space left on device")


def all_sent_or_leased():
    return not OutgoingEmail.objects.filter(sent_at=None, attempts=0).exists()


def start_worker(smtp):
    return subprocess.Popen(
        [sys.executable, "manage.py", "work"],
        env={**os.environ, "DATABASE_URL": url_of_test_database(), "EMAIL_URL": smtp.url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)
