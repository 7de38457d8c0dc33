"""How the web server runs in production: behind a proxy on the same machine, its logs those of the portal."""

import os

bind = f"127.0.0.1:{os.environ.get('PORT') or 8000}"
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
threads = 4
limit_request_line = 0
control_socket_disable = True
access_log_format = "%(m)s %(s)s %(M)sms"  # no path: it may be a private link
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "advising.logs.JsonLines"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "loggers": {name: {"handlers": ["stderr"]} for name in ("gunicorn.error", "gunicorn.access")},
    "root": {"handlers": []},
}
