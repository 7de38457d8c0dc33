from io import BytesIO
from pathlib import Path

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from PIL import Image, ImageOps

PORTRAIT = (480, 480)  # pixels: twice what the largest place for it shows
FORMATS = ["JPEG", "PNG", "WEBP", "GIF"]  # of the many Pillow reads, one runs PostScript
MOST_PIXELS = 50_000_000  # what cameras make; to decode them takes four bytes each


def smaller(photo):
    """Return an uploaded photo as a small JPEG square, upright, without what the camera noted about place and time.

    Raises ValidationError where it is none, or one that takes too much memory to look at.
    """
    try:
        image = Image.open(photo, formats=FORMATS)
    except OSError:
        raise ValidationError("Please choose a photo as a JPEG, PNG, WebP or GIF file.") from None
    if image.width * image.height > MOST_PIXELS:
        raise ValidationError("This picture has more than 50 megapixels. Please choose a smaller one.")
    try:
        return squared(image, f"{Path(photo.name).stem}.jpg")
    except Exception:  # whatever a damaged file makes Pillow raise
        raise ValidationError("This picture is damaged. Please choose another, or save it anew.") from None


def squared(image, name):
    image.draft("RGB", [2 * side for side in PORTRAIT])  # a JPEG is decoded no larger than needed
    out = BytesIO()
    square = ImageOps.fit(ImageOps.exif_transpose(image).convert("RGB"), PORTRAIT)
    square.info.clear()  # or a comment in the file comes along
    square.save(out, "JPEG", quality=85)
    return ContentFile(out.getvalue(), name=name)


class PhotoField(forms.ImageField):
    """One that can say by its name, sent back, which photo its form showed."""

    def to_python(self, data):
        return data if isinstance(data, str) else super().to_python(data)

    def has_changed(self, initial, data):
        return initial != data if isinstance(data, str) else super().has_changed(initial, data)
