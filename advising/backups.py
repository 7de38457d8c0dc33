"""One file that holds all the portal keeps, the database and the media, and what it takes to see that all came back.

It is a tar.gz of the database as its own program writes it, the files, and manifest.json: for each table its number of
rows and a hash of them, for each file a hash.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
from contextlib import closing, contextmanager
from hashlib import file_digest, sha256
from io import BytesIO
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.postgresql.client import DatabaseClient
from django.utils import timezone

MANIFEST, MEDIA = "manifest.json", "media"


class Refused(Exception):
    """Nothing was stored, or not all of it. The text says why and can be shown to whoever asked."""


class SQLite:
    title, dump_name = "SQLite", "database.sqlite3"

    def dump(self, path):
        """Write the database to a file, also while it is written to; return what is in that file."""
        connection.ensure_connection()
        with closing(sqlite3.connect(path)) as copy:
            connection.connection.backup(copy)
            return contents_of_sqlite(copy)

    def load(self, path):
        connection.ensure_connection()
        with closing(sqlite3.connect(path)) as copy:
            copy.backup(connection.connection)

    def contents(self):
        with closing(sqlite3.connect(connection.settings_dict["NAME"])) as database:
            return contents_of_sqlite(database)


class PostgreSQL:
    title, dump_name = "PostgreSQL", "database.dump"

    def dump(self, path):
        """Write the database to a file; return what is in it, seen at the same moment."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SELECT pg_export_snapshot()")
            [snapshot] = cursor.fetchone()
            run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", "-f", path)
            return self.contents()

    def load(self, path):
        with path.open("rb") as dump:
            options = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges")
            run("pg_restore", *options, "--dbname", stdin=dump)

    def contents(self):
        with transaction.atomic():
            return {table: fingerprint(connection.chunked_cursor, table) for table in tables()}


ENGINES = {"sqlite": SQLite(), "postgresql": PostgreSQL()}


def back_up(directory):
    """Write a backup into a directory; return its path and its manifest."""
    engine = ENGINES[connection.vendor]
    directory.mkdir(parents=True, exist_ok=True)
    now = timezone.now()
    path = directory / f"portal-{now:%Y%m%d-%H%M%S-%f}.tar.gz"
    with (
        TemporaryDirectory(dir=directory) as work,
        private_file(path) as file,
        tarfile.open(fileobj=file, mode="w:gz") as archive,
    ):
        dump = Path(work) / engine.dump_name
        manifest = {"engine": connection.vendor, "made_at": now.isoformat(), "tables": engine.dump(dump)}
        files = {engine.dump_name: dump} | {f"{MEDIA}/{name}": path for name, path in media().items()}
        manifest["files"] = {name: add(archive, name, path) for name, path in files.items()}
        text = json.dumps(manifest, indent=1).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size = len(text)
        archive.addfile(entry, BytesIO(text))
    return path, manifest


def restore(path):
    """Read a backup into an empty database and empty media, and look whether all is there; return its manifest.

    Raises Refused.
    """
    engine = ENGINES[connection.vendor]
    with TemporaryDirectory() as work:
        manifest = unpacked(path, Path(work))
        if manifest["engine"] != connection.vendor:
            theirs = ENGINES[manifest["engine"]].title
            raise Refused(f"This is a backup of {theirs}, and the database is {engine.title}: they do not mix.")
        if tables():
            raise Refused("The database is not empty. A backup is restored into a new one only.")
        if media():
            raise Refused(f"There are files in {settings.MEDIA_ROOT}. A backup is restored beside none only.")
        engine.load(Path(work) / engine.dump_name)
        if (Path(work) / MEDIA).exists():
            shutil.copytree(Path(work) / MEDIA, settings.MEDIA_ROOT, dirs_exist_ok=True)
    check(manifest, engine)
    return manifest


def check(manifest, engine):
    found = engine.contents() | {f"{MEDIA}/{name}": digest(path) for name, path in media().items()}
    expected = manifest["tables"] | manifest["files"]
    del expected[engine.dump_name]
    if wrong := sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name)):
        raise Refused(f"Not all came back as it was: {', '.join(wrong)}.")


def unpacked(path, directory):
    """Unpack a backup into a directory; return its manifest. Raises Refused for any file that is none, or not whole."""
    found = set()
    try:
        with tarfile.open(path, "r:gz") as archive:
            for entry in archive:
                if not entry.isfile() or not is_part(entry.name):
                    raise Refused(f"{path} is no backup: {entry.name} does not belong into one.")
                target = directory / entry.name
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as file:
                    shutil.copyfileobj(archive.extractfile(entry), file)
                found.add(entry.name)
        manifest = json.loads((directory / MANIFEST).read_text())
        hashes = {name: digest(directory / name) for name in found - {MANIFEST}}
        if manifest["files"] != hashes:
            raise Refused(f"{path} is damaged: its files are not those it was made of.")
        return manifest
    except (OSError, EOFError, tarfile.TarError, ValueError, KeyError) as error:
        raise Refused(f"{path} cannot be read as a backup: {error}") from error


def is_part(name):
    parts = PurePosixPath(name).parts
    if parts[:1] == (MEDIA,):
        return len(parts) > 1 and ".." not in parts
    return name in (MANIFEST, *(engine.dump_name for engine in ENGINES.values()))


@contextmanager
def private_file(path):
    """Yield a file nobody else may read, which has its name only once it is whole."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


def add(archive, name, path):
    archive.add(path, name, recursive=False)
    return digest(path)


def digest(path):
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def media():
    """Return the uploaded files by their names."""
    root = Path(settings.MEDIA_ROOT)
    return {str(path.relative_to(root)): path for path in sorted(root.rglob("*")) if path.is_file()}


def tables():
    return sorted(connection.introspection.table_names())


def contents_of_sqlite(database):
    """Virtual tables, the search, keep their rows in ordinary ones."""
    ordinary = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
    names = [name for [name] in database.execute(ordinary)]
    return {name: fingerprint(lambda: closing(database.cursor()), name) for name in names}


def fingerprint(cursor_class, table):
    """Return how many rows a table has, and a hash of them in whatever order they come."""
    rows, total = 0, 0
    with cursor_class() as cursor:
        cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - a name the database itself gave
        for row in cursor:
            values = [bytes(value) if isinstance(value, memoryview) else value for value in row]
            rows, total = rows + 1, total + int.from_bytes(sha256(repr(values).encode()).digest())
    return {"rows": rows, "hash": f"{total % 2**256:064x}"}


def run(program, *arguments, **options):
    """Run one of PostgreSQL's programs on our database; the password goes where other users cannot see it."""
    arguments, secrets = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, [*map(str, arguments)])
    environment = {**os.environ, **(secrets or {})}
    try:
        done = subprocess.run(  # noqa: S603 - PostgreSQL's own programs, with arguments of ours
            [program, *arguments[1:]], env=environment, stderr=subprocess.PIPE, text=True, check=False, **options
        )
    except FileNotFoundError:
        raise Refused(f"There is no {program} on this machine (apt-get install postgresql-client).") from None
    if done.returncode:
        raise Refused(f"{program} failed: {done.stderr.strip()}")
