"""What a browser would send of a page."""

from html.parser import HTMLParser


class Controls(HTMLParser):
    """The values of all controls of a page, by name; `buttons` apart, of several the last; `files` by name alone."""

    def __init__(self, content):
        super().__init__()
        self.values, self.buttons, self.files = {}, {}, []
        self.select = self.area = None
        self.feed(content.decode())

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        name, value, kind = given.get("name"), given.get("value") or "", given.get("type")
        if tag == "select":
            self.select = name
        elif tag == "option" and self.select and "selected" in given:
            self.values.setdefault(self.select, []).append(value)
        elif tag == "textarea":
            self.area, self.values[name] = name, ""
        elif tag == "button" and name:
            self.buttons[name] = value
        elif tag == "input" and kind in ("checkbox", "radio") and "checked" in given:
            self.values.setdefault(name, []).append(given.get("value") or "on")
        elif tag == "input" and kind == "file":
            self.files.append(name)
        elif tag == "input" and name and kind not in ("checkbox", "radio", "submit"):
            self.values[name] = value

    def handle_endtag(self, tag):
        if tag == "select":
            self.select = None
        elif tag == "textarea":
            self.area = None

    def handle_data(self, data):
        if self.area:
            self.values[self.area] += data
