"""YAML with comments: a nested record written key by key, with notes above and beside its keys."""

import re
import textwrap
from collections.abc import Iterator, Mapping
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

    def settle(self, record: Mapping[str, Any]) -> None:
        """Moves what stands at a key that `record` does not have to the nearest one above it."""
        there = set(_places(record))
        for place in [p for p in self.above if p not in there]:
            home = next(place[:end] for end in range(len(place) - 1, -1, -1) if place[:end] in there)
            self.above.setdefault(home, []).extend(self.above.pop(place))

    def questions(self, record: Mapping[str, Any]) -> list[tuple[Path, str]]:
        """All questions with their place, in the order of the text."""
        return [
            (place, text.removeprefix(QUESTION).strip())
            for place in _places(record)
            for text in self.above.get(place, [])
            if text.startswith(QUESTION)
        ]


def written(record: Mapping[str, Any], notes: Notes) -> str:
    """`record` as YAML text with its notes."""
    return "\n".join([*_comments(notes, (), ""), *_mapping(record, notes, (), "")]) + "\n"


def _places(value: Any, place: Path = ()) -> Iterator[Path]:
    """The places of a record's keys and list items, in the order of the text."""
    yield place
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _places(inner, (*place, key))
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for number, inner in enumerate(value):
            yield from _places(inner, (*place, number))


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
