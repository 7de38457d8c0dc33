"""Backups: what comes back is what was there, and whatever is no backup is refused before anything is stored."""

import io
import json
import os
import stat
import subprocess
import sys
import tarfile

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from advising import backups
from advising.accounts.models import AuditEntry
from requests_app.models import AdvisorRequest
from tests.database import empty_database, url_of_test_database
from tests.factories import make_full_specialty, make_request


def manage(*arguments, media, database_url):
    environment = os.environ | {"DATABASE_URL": database_url, "MEDIA_ROOT": str(media), "PGPASSWORD": ""}
    return subprocess.run(
        [sys.executable, "manage.py", *map(str, arguments)], capture_output=True, text=True, env=environment
    )


def manifest_of(path):
    with tarfile.open(path) as archive:
        return json.load(archive.extractfile(backups.MANIFEST))


@pytest.fixture
def media(settings, tmp_path):
    """Uploaded files as the portal has them: one, with a name and a content of its own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    (tmp_path / "media" / "advisors").mkdir(parents=True)
    (tmp_path / "media" / "advisors" / "sato é.png").write_bytes(b"\x89PNG\x00\xff")
    return tmp_path / "media"


@pytest.mark.django_db(transaction=True)
def test_what_is_restored_is_what_was_there(media, tmp_path):
    make_request(make_full_specialty(), message="Ä 'quoted' \N{SNOWMAN}\n\\line")
    url, copy = url_of_test_database(), tmp_path / "copy"
    told = manage("backup", tmp_path / "made", media=media, database_url=url)
    assert (told.returncode, told.stderr) == (0, "")
    [backup] = (tmp_path / "made").iterdir()
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert told.stdout.startswith(f"{backup}: ")
    assert [*AuditEntry.objects.values_list("what", "detail")] == [("exported", "backup of everything, by command")]

    with empty_database(tmp_path) as new:
        told = manage("restore", backup, media=copy, database_url=new)
        assert (told.returncode, told.stderr) == (0, "")
        assert f"{AdvisorRequest.objects.count():>9} rows   requests_app_advisorrequest\n" in told.stdout
        assert (copy / "advisors" / "sato é.png").read_bytes() == b"\x89PNG\x00\xff"

        again = manage("restore", backup, media=copy, database_url=new)
        assert (again.returncode, again.stdout) == (1, "")
        assert "The database is not empty" in again.stderr

        manage("backup", tmp_path / "second", media=copy, database_url=new)
        [second] = (tmp_path / "second").iterdir()
    first, second = manifest_of(backup), manifest_of(second)
    assert second["tables"] == first["tables"]
    assert first["tables"]["requests_app_advisorrequest"]["rows"] == 1
    for found in (first, second):
        found["files"].pop(backups.ENGINES[connection.vendor].dump_name)
    assert second["files"] == first["files"]
    assert list(first["files"]) == ["media/advisors/sato é.png"]


@pytest.mark.django_db(transaction=True)
def test_database_that_cannot_be_written_to_is_backed_up(media, tmp_path, capsys):
    read_only = {"sqlite": "PRAGMA query_only = {}", "postgresql": "SET default_transaction_read_only = {}"}
    with connection.cursor() as cursor:
        cursor.execute(read_only[connection.vendor].format("on"))
    try:
        call_command("backup", tmp_path / "made")
    finally:
        with connection.cursor() as cursor:
            cursor.execute(read_only[connection.vendor].format("off"))
    [backup] = (tmp_path / "made").iterdir()
    assert manifest_of(backup)["tables"]["accounts_auditentry"]["rows"] == 0
    assert "The backup is whole; the audit list does not tell of it: " in capsys.readouterr().err


def archive(path, entries, **manifest):
    """Write a tar.gz of {name: bytes, or TarInfo}, with a manifest that fits unless it is told otherwise."""
    hashes = {name: backups.sha256(content).hexdigest() for name, content in entries.items() if type(content) is bytes}
    whole = {"engine": connection.vendor, "made_at": "", "tables": {}, "files": hashes} | manifest
    with tarfile.open(path, "w:gz") as tar:
        for name, content in {**entries, backups.MANIFEST: json.dumps(whole).encode()}.items():
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
            else:
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    return path


def link(name, target):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    return entry


@pytest.mark.parametrize(
    "entries",
    [
        {"../outside": b"x"},
        {"media/../../outside": b"x"},
        {"/outside": b"x"},
        {"media/link": link("media/link", "/etc")},
        {"something.py": b"x"},
        {"media": b"x"},
    ],
)
def test_archive_that_reaches_elsewhere_is_refused(db, tmp_path, entries):
    (tmp_path / "work").mkdir()
    with pytest.raises(backups.Refused, match="does not belong into one"):
        backups.unpacked(archive(tmp_path / "made.tar.gz", entries), tmp_path / "work")
    assert {path.name for path in tmp_path.iterdir()} == {"work", "made.tar.gz"}


@pytest.mark.parametrize("manifest", [{"files": {}}, {"files": {"media/a": "0"}}])
def test_damaged_archive_is_refused(db, tmp_path, manifest):
    with pytest.raises(CommandError, match="is damaged"):
        call_command("restore", archive(tmp_path / "made.tar.gz", {"media/a": b"x"}, **manifest))


def test_file_that_is_no_archive_is_refused(db, tmp_path):
    (tmp_path / "made.tar.gz").write_bytes(b"nothing")
    for name in ("made.tar.gz", "missing.tar.gz"):
        with pytest.raises(CommandError, match="cannot be read as a backup"):
            call_command("restore", tmp_path / name)


def test_backup_of_the_other_kind_of_database_is_refused(db, tmp_path):
    other = {"sqlite": "postgresql", "postgresql": "sqlite"}[connection.vendor]
    made = archive(tmp_path / "made.tar.gz", {"media/a": b"x"}, engine=other)
    with pytest.raises(CommandError, match="they do not mix"):
        call_command("restore", made)


def test_database_or_media_that_hold_anything_are_left_alone(db, tmp_path, media, monkeypatch):
    made = archive(tmp_path / "made.tar.gz", {"media/a": b"x"})
    with pytest.raises(CommandError, match="The database is not empty"):
        call_command("restore", made)
    monkeypatch.setattr(backups, "tables", list)
    with pytest.raises(CommandError, match="There are files in"):
        call_command("restore", made)


@pytest.mark.parametrize("change", [{"rows": 2}, {"hash": "0"}])
def test_what_did_not_come_back_is_named(db, media, change):
    engine = backups.ENGINES[connection.vendor]
    manifest = {"tables": engine.contents(), "files": {engine.dump_name: "", "media/lost": "0"}}
    manifest["tables"]["auth_group"] |= change
    with pytest.raises(backups.Refused, match=r"auth_group, media/advisors/sato é.png, media/lost"):
        backups.check(manifest, engine)


def begin_and_fail(path):
    with backups.private_file(path) as file:
        file.write(b"half")
        raise RuntimeError


def test_unfinished_backup_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError):
        begin_and_fail(tmp_path / "backup")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def pg_dump(tmp_path, monkeypatch):
    """A program of that name which tells how it was called; returns what it told."""
    program = tmp_path / "pg_dump"
    program.write_text(f'#!/bin/sh\necho "$PGPASSWORD" > {tmp_path}/told; echo "$@" >> {tmp_path}/told; exit $CODE\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("CODE", "0")
    for name, value in {"PASSWORD": "hush", "USER": "portal", "HOST": "db", "PORT": "5432", "NAME": "p"}.items():
        monkeypatch.setitem(connection.settings_dict, name, value)
    return (tmp_path / "told").read_text


def test_password_is_not_among_the_arguments_everybody_sees(pg_dump):
    backups.run("pg_dump", "--format=custom")
    assert pg_dump() == "hush\n-U portal -h db -p 5432 --format=custom p\n"


def test_program_that_fails_or_is_missing_is_said(pg_dump, monkeypatch):
    monkeypatch.setenv("CODE", "1")
    with pytest.raises(backups.Refused, match="pg_dump failed"):
        backups.run("pg_dump")
    with pytest.raises(backups.Refused, match="There is no pg_missing"):
        backups.run("pg_missing")
