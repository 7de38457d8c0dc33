"""Pictures and paths that are no honest ones: refused with a reason, before they take up memory."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from specialties.bulk_edits import AdvisorSheet
from specialties.models import Advisor
from tests.factories import make_advisor, make_specialty
from tests.test_specialties_admin import change_url, posted
from tests.test_specialties_bulk_edits import ADVISORS, exported, file_of, upload

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

NO_PHOTO = "Please choose a photo as a JPEG, PNG, WebP or GIF file."
TOO_LARGE = "This picture has more than 50 megapixels. Please choose a smaller one."
DAMAGED = "This picture is damaged. Please choose another, or save it anew."
NO_IMAGE = "Upload a valid image. The file you uploaded was either not an image or a corrupted image."
SCRIPT = b"<script>alert(1)</script>"


@pytest.fixture
def advisor(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return make_advisor(make_specialty())


def picture(kind="JPEG", size=(600, 400), **options):
    file = BytesIO()
    Image.new("RGB", size, "teal").save(file, kind, **options)
    return file.getvalue()


def png(width, height, *chunks):
    """A PNG of a few bytes that claims any size."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *(chunk(*each) for each in chunks), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def frames(number):
    first, *others = (Image.new("P", (400, 400), color % 256) for color in range(number))
    file = BytesIO()
    first.save(file, "GIF", save_all=True, append_images=others)
    return file.getvalue()


def send(client, advisor, content, name="me.jpg"):
    """Upload a photo; return what the form says against it."""
    page = client.get(change_url(advisor))
    response = client.post(change_url(advisor), posted(page, photo=SimpleUploadedFile(name, content)))
    advisor.refresh_from_db()
    return response.context["adminform"].form.errors.get("photo", []) if response.status_code == 200 else []


def stored(advisor):
    with Image.open(advisor.photo.path) as image:
        return image.format, image.size, Path(advisor.photo.path).read_bytes()


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (png(50_000, 50_000), "me.png", NO_IMAGE),  # Pillow itself refuses to begin
        (png(9_000, 6_000, (b"IDAT", b"")), "me.png", TOO_LARGE),  # so it was not decoded: that would fail
        (png(600, 400, (b"IDAT", zlib.compress(b"\0" * 99))), "me.png", DAMAGED),
        (png(600, 400, (b"zTXt", b"a\0\0" + zlib.compress(b"\0" * 9_000_000))), "me.png", NO_IMAGE),
        (picture()[:1500], "me.jpg", DAMAGED),
        (picture("TIFF"), "me.jpg", NO_PHOTO),
        (picture("BMP"), "me.bmp", NO_PHOTO),
        (picture("EPS"), "me.eps", NO_PHOTO),  # whose reader would start a program
        (picture("PDF"), "me.pdf", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "me.jpg", NO_IMAGE),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "me.svg", None),
        (b"GIF89a" + SCRIPT, "me.gif", NO_IMAGE),
        (SCRIPT, "me.html", None),
        (picture(), "me.html", None),
        (picture(), "me.php", None),
    ],
)
def test_picture_that_is_none_is_refused_with_the_reason(superuser_client, advisor, content, name, reason):
    [refusal] = send(superuser_client, advisor, content, name)
    assert refusal == (reason or refusal)
    assert not advisor.photo


@pytest.mark.parametrize("name", ["../../evil.jpg", "..\\evil.jpg", "/etc/evil.jpg", ".jpg.jpg"])
def test_photo_lands_beside_the_others_whatever_its_name(superuser_client, advisor, tmp_path, name):
    assert send(superuser_client, advisor, picture(), name) == []
    assert Path(advisor.photo.path).parent == tmp_path / "advisors"
    assert [path.parent for path in tmp_path.rglob("*.jpg")] == [tmp_path / "advisors"]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (picture() + SCRIPT, "me.jpg"),
        (picture(comment=SCRIPT), "me.jpg"),  # Pillow writes it into the new file, too
        (picture("PNG"), "me.jpg"),
        (picture("WEBP"), "me.webp"),
        (frames(300), "me.gif"),
        (picture(size=(12_000, 20)), "me.jpg"),
    ],
)
def test_photo_is_made_anew_and_nothing_else_of_the_file_is_kept(superuser_client, advisor, content, name):
    assert send(superuser_client, advisor, content, name) == []
    kind, size, data = stored(advisor)
    assert (kind, size, SCRIPT in data, Path(advisor.photo.name).suffix) == ("JPEG", (480, 480), False, ".jpg")


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "..%2fsecret.txt",
        "%2e%2e/secret.txt",
        "%2e%2e%2fsecret.txt",
        "..%5csecret.txt",
        "%2fetc%2fpasswd",
        "..",
        ".",
        "%00",
        "me.jpg%00.txt",
        "a" * 300,
    ],
)
@pytest.mark.parametrize("root", ["/media/", "/media/advisors/", "/static/"])
def test_no_path_leads_out_of_the_photos(client, advisor, settings, tmp_path, root, path):
    (tmp_path / "advisors").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    assert client.get(root + path).status_code in (400, 404)


@pytest.mark.parametrize("name", ["../../evil.csv", "a\r\nX-Evil: 1", "<script>alert(1)</script>.csv", "x" * 300])
def test_name_of_a_spreadsheet_leads_nowhere(superuser_client, superuser, advisor, name):
    response = upload(superuser_client, ADVISORS, file_of(exported(superuser, AdvisorSheet)), name)
    assert response.status_code == 200
    assert "X-Evil" not in response.headers
    assert b"<script>alert" not in response.content
    assert Advisor.objects.get() == advisor
