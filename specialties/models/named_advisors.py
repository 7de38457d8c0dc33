"""The advisors a page names, as whom the portal knows them."""

from .advisors import Advisor


class NamedAdvisor:
    """Somebody a page names, beside the `known` advisors. Where both have an address, the address decides who it is."""

    def __init__(self, known, *, name, credentials, role, email):
        self.known, self.name, self.credentials, self.role, self.email = known, name, credentials, role, email

    def __str__(self):
        said = ", ".join(filter(None, [self.name, self.credentials, self.email]))
        return f"{said} ({self.standing})"

    @property
    def namesakes(self):
        return [advisor for advisor in self.known if advisor.name.casefold() == self.name.casefold()]

    @property
    def meant(self):
        """The advisors it can be: none for a new one, several in doubt."""
        address = self.email.casefold()
        found = [advisor for advisor in self.known if address and advisor.email.casefold() == address]
        if not found:
            return [advisor for advisor in self.namesakes if not (address and advisor.email)]
        return [advisor for advisor in found if advisor in self.namesakes] or found

    def new(self):
        """Return an advisor as the page says, unsaved and without a slug."""
        given = {"credentials": self.credentials, "role": self.role, "email": self.email}
        return Advisor(name=self.name, **{name: value for name, value in given.items() if value})

    @property
    def standing(self):
        if len(self.meant) > 1:
            return "several advisors could be meant: add the right one by hand"
        if self.meant:
            return f"in the portal as {self.meant[0]}"
        if self.namesakes:
            return "same name, other address: somebody new beside the one in the portal"
        return "new to the portal"
