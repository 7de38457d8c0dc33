"""What `collectstatic` makes of stylesheets and scripts in production: small, compressed, named by their content."""

import minify
from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

OURS = {"css/": "text/css", "js/": "text/javascript"}  # other packages' files come as small as they are meant to be


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    def _save(self, name, content):
        kind = next((kind for folder, kind in OURS.items() if name.startswith(folder)), None)
        if kind:
            content = ContentFile(minify.string(kind, b"".join(content.chunks()).decode()))
        return super()._save(name, content)
