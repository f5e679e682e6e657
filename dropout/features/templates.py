"""Templates of words: text with numbers in it. What is in square brackets is left out where a number in it is not known.

    Absent without excuse on {value} of {registers_taken_28d_count:last_school_days}[ (class average: {class_mean})].

`{name}` is written in the unit of its column, `{name:noun}` with a noun in the plural form that the number asks for.
Brackets do not stand within brackets, and each holds a placeholder.
"""

import re
from dataclasses import dataclass
from functools import cache
from string import Formatter


@dataclass(frozen=True)
class Piece:
    """A stretch of text, or a placeholder: the name of a number, and its noun where it has one."""

    text: str = ""
    field: str = ""
    noun: str = ""


@dataclass(frozen=True)
class Part:
    """Pieces that are said together; optional ones not at all where one of their numbers is not known."""

    pieces: tuple[Piece, ...]
    is_optional: bool


@cache
def parse(template: str) -> tuple[Part, ...]:
    """The parts of `template`, in order; raises ValueError for brackets or braces that do not close, or hold nothing."""
    parts = []
    for place, text in enumerate(re.split(r"\[([^\[\]]*)\]", template)):  # odd places stood in brackets
        part = Part(tuple(_pieces(text)), is_optional=place % 2 == 1)
        if "[" in text or "]" in text:
            raise ValueError(f"brackets do not close, or stand within brackets: {template}")
        if part.is_optional and not any(piece.field for piece in part.pieces):
            raise ValueError(f"brackets without a placeholder: {template}")
        parts += [part] if part.pieces else []
    return tuple(parts)


def placeholders(template: str) -> set[str]:
    """Names of the numbers in `template`."""
    return {piece.field for part in parse(template) for piece in part.pieces if piece.field}


def nouns(template: str) -> set[str]:
    """Names of the nouns in `template`."""
    return {piece.noun for part in parse(template) for piece in part.pieces if piece.noun}


def _pieces(text: str) -> list[Piece]:
    pieces = []
    for before, field, noun, conversion in Formatter().parse(text):
        if field == "" or conversion:
            raise ValueError(f"a placeholder without a name, or with a conversion: {text}")
        pieces += [Piece(text=before)] if before else []
        pieces += [Piece(field=field, noun=noun or "")] if field else []
    return pieces
