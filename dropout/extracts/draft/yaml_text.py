"""YAML with comments: a nested record written key by key, with notes above and beside its keys."""

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]
WIDTH = 118
QUESTION = "QUESTION:"


@dataclass
class Notes:
    """Comments by the place of their key: lines `above` it, and a text `beside` it; a question is a line above."""

    above: dict[Path, list[str]] = field(default_factory=dict)
    beside: dict[Path, str] = field(default_factory=dict)

    def say(self, place: Path, text: str) -> None:
        """Adds a line above a key."""
        self.above.setdefault(place, []).append(text)

    def ask(self, place: Path, text: str) -> None:
        """Adds a question above a key."""
        self.say(place, f"{QUESTION} {text}")

    def questions(self) -> list[str]:
        """All questions in the order in which they were asked."""
        return [t.removeprefix(QUESTION).strip() for lines in self.above.values() for t in lines if t.startswith(QUESTION)]


def written(record: Mapping[str, Any], notes: Notes) -> str:
    """`record` as YAML text with its notes."""
    return "\n".join([*_comments(notes, (), ""), *_mapping(record, notes, (), "")]) + "\n"


def _mapping(record: Mapping[str, Any], notes: Notes, place: Path, indent: str) -> list[str]:
    lines = []
    for key, value in record.items():
        here = (*place, key)
        lines += _comments(notes, here, indent)
        beside = f"  # {_one_line(notes.beside[here])}" if here in notes.beside else ""
        name = scalar(key)
        if isinstance(value, Mapping) and value:
            lines += [f"{indent}{name}:{beside}", *_mapping(value, notes, here, indent + "  ")]
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            lines.append(f"{indent}{name}:{beside}")
            for number, item in enumerate(value):
                lines += _item(item, notes, (*here, number), indent + "  ")
        else:
            lines.append(f"{indent}{name}: {_flow(value)}{beside}")
        lines += _comments(notes, (*here, "after"), indent + "  ")
    return lines


def _item(item: Mapping[str, Any], notes: Notes, place: Path, indent: str) -> list[str]:
    above = _comments(notes, place, indent)
    lines = _mapping(item, notes, place, indent + "  ")
    first = next(i for i, line in enumerate(lines) if not line.lstrip().startswith("#"))
    lines[first] = f"{indent}- {lines[first].lstrip()}"
    return [*above, *lines]


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{}"
    return f"[{', '.join(map(scalar, value))}]" if isinstance(value, list) else scalar(value)


def scalar(value: Any) -> str:
    """One value as YAML; text is quoted where it could be read as something else."""
    if isinstance(value, bool | int):
        return str(value).lower()
    text = str(value)
    if re.fullmatch(r"[^\W\d]([\w ./()'’°-]*[\w.)])?", text) and yaml.safe_load(text) == text:
        return text
    return yaml.safe_dump(text, default_style='"', allow_unicode=True, width=10**6).strip()


def _comments(notes: Notes, place: Path, indent: str) -> list[str]:
    lines = []
    for text in notes.above.get(place, []):
        wrapped = textwrap.wrap(_one_line(text), WIDTH - len(indent), break_long_words=False, break_on_hyphens=False) or [""]
        lines += [f"{indent}# {wrapped[0]}", *(f"{indent}#   {line}" for line in wrapped[1:])]
    return lines


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
