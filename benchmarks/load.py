"""Programs that measure, and the yardsticks beside which they do: wrk, nginx, pgbench."""

import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psycopg2

from tests.postgres import binaries
from tests.production import free_port, wait_for

PATH = "/specialties/interventional-radiology/"
CONNECTIONS = 16
SECRET = "s" * 32
FORM = urlencode(  # each has an address and a submission_id of its own
    {
        "name": "Student",
        "class_year": "m3",
        "topics": "research",
        "message": "Could we talk? " * 5,
        "csrfmiddlewaretoken": SECRET,
    }
)
FORM_HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": f"csrftoken={SECRET}"}
NGINX = """
user {user}; worker_processes 2; daemon off; pid {home}/pid; error_log {home}/errors;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    {servers}
}}
"""
FILE = """
    server {{
        listen 127.0.0.1:{port}; root {home}; default_type text/html; keepalive_requests 100000000;
        add_header Content-Encoding br;
    }}
"""
PROXY = """
    upstream portal {{ {portals} }}
    server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://portal; proxy_set_header Host $host; }} }}
"""
SUBMIT = """
local n, body, name = 0, "{form}", tostring({{}}):gsub("[^%w]", "")
function request()
  n = n + 1
  local id = string.format("%08x-0000-4000-8000-%012x", math.random(0, 0x7fffffff), n)
  return wrk.format("POST", nil, {{["Content-Type"] = "application/x-www-form-urlencoded",
    ["Cookie"] = "{cookie}",
    ["X-Forwarded-For"] = string.format("10.0.%d.%d", math.random(0, 255), math.random(0, 255))}},
    body .. "&submission_id=" .. id .. "&email=" .. name .. n .. "%40example.edu")
end
function init() math.randomseed(os.time() + tonumber(name:sub(-6), 16)) end
"""


def needed():
    """Say what to install where a program is missing, and end."""
    missing = [package for program, package in (("wrk", "wrk"), ("nginx", "nginx-light")) if not shutil.which(program)]
    if not (binaries() and shutil.which("pgbench")):
        missing.append("postgresql")
    if missing:
        sys.exit(f"make bench needs more programs: apt-get install {' '.join(missing)}")


def requests_per_second(url, *options, seconds=2, connections=CONNECTIONS):
    """Return how many requests per second wrk gets answered. Ends where one fails."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", *options, url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if re.search(r"Non-2xx|Socket errors", said):
        sys.exit(f"{' '.join(command)}\n{said}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])


def header(name, value):
    return ["-H", f"{name}: {value}"]


@contextmanager
def a_file(body):
    """Yield the address at which nginx serves these bytes as a file."""
    with tempfile.TemporaryDirectory() as home:
        Path(home, "page").write_bytes(body)
        with nginx(home, FILE) as address:
            yield f"{address}/page"


@contextmanager
def proxy(portals):
    """Yield the address at which nginx asks one portal after the other."""
    with tempfile.TemporaryDirectory() as home:
        names = (f"server {urlsplit(portal).netloc};" for portal in portals)
        with nginx(home, PROXY, portals=" ".join(names)) as address:
            yield address


@contextmanager
def nginx(home, servers, **values):
    port, user = free_port(), Path(home).owner()
    servers = servers.format(home=home, port=port, **values)
    Path(home, "conf").write_text(NGINX.format(home=home, user=user, servers=servers))
    server = subprocess.Popen(["nginx", "-e", f"{home}/errors", "-c", f"{home}/conf"], stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def submissions_per_second(url, *, seconds=4, connections=8):
    """Return how many requests for an advisor per second are taken, each by another student."""
    script = SUBMIT.format(form=FORM, cookie=FORM_HEADERS["Cookie"])
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        return requests_per_second(url, "-s", file.name, seconds=seconds, connections=connections)


def durable_inserts(database_url, rows, *, seconds=4, connections=8):
    """Return how many transactions per second, each of so many inserts, pgbench has written for good."""
    insert = "INSERT INTO bench (number, words) VALUES (:n, repeat('Could we talk? ', 20));\n"
    script = "\\set n random(1, 1000000000)\nBEGIN;\n" + insert * rows + "COMMIT;\n"
    ask(database_url, "CREATE TABLE IF NOT EXISTS bench (id bigserial PRIMARY KEY, number bigint, words text)")
    ask(database_url, "CREATE INDEX IF NOT EXISTS bench_number ON bench (number)")
    home, _, name = database_url.removeprefix("postgres://portal@/").rpartition("/")
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        options = ["-n", f"-c{connections}", "-j2", f"-T{seconds}", "-f", file.name]
        command = ["pgbench", *options, "-h", home, "-U", "portal", name]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return float(re.search(r"tps = ([\d.]+)", said)[1])


def ask(database_url, query):
    """Ask one of our PostgreSQLs, outside any transaction; return the rows, None where there can be none."""
    home, _, name = database_url.removeprefix("postgres://portal@/").rpartition("/")
    with closing(psycopg2.connect(host=home, user="portal", dbname=name)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(query)
        return cursor.fetchall() if cursor.description else None
