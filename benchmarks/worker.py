"""How many mails per second the worker sends, beside a bare loop that sends the same ones; prints both as JSON."""

import json
import os
import smtplib
import subprocess
import sys
from time import perf_counter

MAILS = 300


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.production_settings")
    sink = subprocess.Popen([sys.executable, "-m", "benchmarks.sink"], stdout=subprocess.PIPE, text=True)
    port = sink.stdout.readline().strip()
    os.environ["EMAIL_URL"] = f"smtp://127.0.0.1:{port}"
    import django

    django.setup()
    try:
        found = {"worker": per_second(worker()), "loop": per_second(loop(port)), "idle": idle()}
        print(json.dumps(found))
    finally:
        sink.terminate()


def per_second(send):
    began = perf_counter()
    send()
    return MAILS / (perf_counter() - began)


def worker():
    """Return a function that sends mails, which wait now."""
    from requests_app.outbox import OutgoingEmail, send_due

    OutgoingEmail.objects.filter(sent_at=None).delete()
    OutgoingEmail.objects.bulk_create(mails())
    return send_due


def mails():
    from requests_app.outbox import OutgoingEmail, new_message_id

    text = "Your request has reached the advising office. " * 10
    return [
        OutgoingEmail(
            kind="received",
            to=f"student-{n}@example.edu",
            subject="Received",
            text=text,
            html=f"<p>{text}</p>",
            message_id=new_message_id("bench"),
        )
        for n in range(MAILS)
    ]


def loop(port):
    """Return a function that puts the same together and sends them over one connection."""
    waiting = mails()

    def send():
        with smtplib.SMTP("127.0.0.1", int(port)) as connection:
            for mail in waiting:
                message = mail.as_message().message()
                connection.sendmail(message["From"], mail.to, message.as_bytes())

    return send


def idle():
    """Return the milliseconds of a pass of the worker with nothing due."""
    from django.core.management import call_command

    call_command("work", once=True)
    began = perf_counter()
    call_command("work", once=True)
    return 1000 * (perf_counter() - began)


if __name__ == "__main__":
    main()
