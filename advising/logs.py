import re


class WithoutPrivateLinks:
    """Take the tokens of students' private links out of log messages."""

    def filter(self, record):
        record.msg, record.args = re.sub(r"/requests/[^/\s]+", "/requests/…", record.getMessage()), ()
        return True
