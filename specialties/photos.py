from io import BytesIO
from pathlib import Path

from django import forms
from django.core.files.base import ContentFile
from PIL import Image, ImageOps

PORTRAIT = (480, 480)  # pixels: twice what the largest place for it shows


def smaller(photo):
    """Return an uploaded photo as a small JPEG square, upright, without what the camera noted about place and time."""
    image = ImageOps.exif_transpose(Image.open(photo)).convert("RGB")
    out = BytesIO()
    ImageOps.fit(image, PORTRAIT).save(out, "JPEG", quality=85)
    return ContentFile(out.getvalue(), name=f"{Path(photo.name).stem}.jpg")


class PhotoField(forms.ImageField):
    """One that can say by its name, sent back, which photo its form showed."""

    def to_python(self, data):
        return data if isinstance(data, str) else super().to_python(data)

    def has_changed(self, initial, data):
        return initial != data if isinstance(data, str) else super().has_changed(initial, data)
