"""Asks for an address on the web as a stranger would: politely, with little patience, and never a private one."""

import socket
import ssl
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address, ip_network
from threading import Thread
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.utils.encoding import iri_to_uri

TIMEOUT = 5  # seconds for one step of a conversation
DEADLINE = 15  # seconds for a link with all its redirects
MOST_REDIRECTS = 5
PORTS = {"http": 80, "https": 443}
TRANSLATED = [ip_network("::/96"), ip_network("::ffff:0:0/96"), ip_network("64:ff9b::/96")]  # IPv4 within IPv6
GONE = {404, 410}  # other refusals are often for programs only: a person would see the page


class NotVisited(Exception):
    """The address is none this portal may fetch."""


def is_public(address, port):
    """Whether a server may be asked: on the web's own ports, at an address anybody on the internet could ask."""
    address = ip_address(address)
    if address.version == 6:
        translated = ip_address(address.packed[-4:]) if any(address in network for network in TRANSLATED) else None
        address = translated or address.sixtofour or address
    return address.is_global and not address.is_multicast and port in PORTS.values()


def problem_with(url, may_visit=is_public):
    """Return in a few words why an address leads nowhere, "" where it leads somewhere, None where we cannot tell."""
    found = ["no answer in time"]
    # A server that drips its answer keeps this thread, not the worker.
    asking = Thread(target=lambda: found.append(follow(url, may_visit)), daemon=True)
    asking.start()
    asking.join(DEADLINE)
    return found[-1]


def follow(url, may_visit):
    try:
        for _ in range(MOST_REDIRECTS + 1):
            status, location = ask(url, may_visit)
            if not location:
                return f"the server answers {status}" if status in GONE or 500 <= status < 600 else ""
            url = urljoin(url, location)
    except NotVisited:
        return "not an address of the public web"
    except socket.gaierror as error:
        return None if error.errno == socket.EAI_AGAIN else "there is no such host"  # the first is our own trouble
    except ssl.SSLError:
        return "no secure connection"
    except TimeoutError:
        return "no answer in time"
    except (OSError, HTTPException, ValueError):
        return "no answer"
    return "redirects without end"


def ask(url, may_visit):
    """Return the status of an address and where it redirects to, else None; with GET where HEAD is not liked."""
    for method in ("HEAD", "GET"):
        status, location = request(method, url, may_visit)
        if status < 400:
            break
    return status, location if 300 <= status < 400 else None


def request(method, url, may_visit):
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise NotVisited(url)
    host, port = parts.hostname.encode("idna").decode(), parts.port or PORTS[parts.scheme]
    connection = CONNECTIONS[parts.scheme](host, port, may_visit)
    try:
        path = iri_to_uri(parts.path or "/") + (f"?{iri_to_uri(parts.query)}" if parts.query else "")
        connection.request(method, path, headers={"User-Agent": f"Advising portal, link check (+{settings.SITE_URL})"})
        response = connection.getresponse()
        return response.status, response.headers.get("Location")
    finally:
        connection.close()


class Visit(HTTPConnection):
    """Connects to the very address that was looked at, so that a second look-up cannot name another."""

    def __init__(self, host, port, may_visit):
        super().__init__(host, port, timeout=TIMEOUT)
        self.may_visit = may_visit

    def connect(self):
        addresses = [found[4][0] for found in socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)]
        if not all(self.may_visit(address, self.port) for address in addresses):
            raise NotVisited(self.host)
        for address in addresses:
            with suppress(OSError):
                self.sock = socket.create_connection((address, self.port), self.timeout)
                return
        raise ConnectionError


class SecureVisit(Visit):
    default_port = HTTPSConnection.default_port

    def connect(self):
        super().connect()
        self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)


CONNECTIONS = {"http": Visit, "https": SecureVisit}
