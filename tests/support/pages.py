"""Reading a page of the console as a browser does: its forms with what they would send."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import httpx

BASE = "/console"


@dataclass
class SentForm:
    """A form of a page: `action` below /console, `values` as they stand, `buttons` by name of the verdict."""

    action: str
    values: dict[str, Any] = field(default_factory=dict)
    buttons: dict[str, str] = field(default_factory=dict)
    consequences: dict[str, str] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)

    def with_(self, verdict: str = "", **typed: Any) -> dict[str, Any]:
        """What pressing the button of a verdict sends, with what was typed (a dot of a name is two underlines)."""
        said = {name.replace("__", "."): value for name, value in typed.items()}
        unknown = set(said) - set(self.names)
        assert not unknown, f"the form has no {unknown}; it has {self.names}"
        if verdict:
            assert verdict in self.buttons, f"no button {verdict}: {self.buttons}"
        return self.values | said | ({"verdict": verdict} if verdict else {})


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[SentForm] = []
        self.inside: SentForm | None = None
        self.select = self.textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = SentForm(urlsplit(said.get("action", "")).path.removeprefix(BASE))
            self.found.append(self.inside)
        elif self.inside is not None:
            self._control(self.inside, tag, said)

    def _control(self, form: SentForm, tag: str, said: dict[str, str]) -> None:
        name = said.get("name", "")
        if name and tag != "button":
            form.names.append(name)
        match tag:
            case "input" if said.get("type") == "checkbox":
                if "checked" in said:
                    form.values.setdefault(name, []).append(said["value"])
            case "input" if name and name != "csrftoken":
                form.values[name] = said.get("value", "")
            case "button" if said.get("data-consequence"):
                form.buttons[said.get("value", "")] = said["data-verb"]
                form.consequences[said.get("value", "")] = said["data-consequence"]
            case "select":
                self.select = name
            case "option" if self.select and ("selected" in said or self.select not in form.values):
                form.values[self.select] = said.get("value", "")
            case "textarea":
                self.textarea = name
                form.values[name] = ""

    def handle_data(self, data: str) -> None:
        if self.textarea and self.inside is not None:
            self.inside.values[self.textarea] += data

    def handle_endtag(self, tag: str) -> None:
        match tag:
            case "form":
                self.inside = None
            case "select":
                self.select = ""
            case "textarea":
                self.textarea = ""


def forms_of(page: httpx.Response) -> list[SentForm]:
    reader = _Forms()
    reader.feed(page.text)
    return reader.found


def form_of(page: httpx.Response, ending: str) -> SentForm:
    """The one form of a page whose address ends so (`/decide`, `/orders/comment`)."""
    found = [form for form in forms_of(page) if form.action.endswith(ending)]
    assert len(found) == 1, f"{len(found)} forms to {ending}"
    return found[0]


def has_form(page: httpx.Response, ending: str) -> bool:
    return any(form.action.endswith(ending) for form in forms_of(page))
