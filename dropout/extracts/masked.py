"""A person's value as a shape: what may be said of text that could be a name, in logs, notices and on the screen."""

import re
from functools import cache
from itertools import groupby

from dropout.extracts.draft.synonyms import is_known_header, known_codes, word
from dropout.extracts.source import FILE, load_source
from dropout.resources import resource

SHAPE_AT_MOST = 40  # characters of a shape
CODE_SHARE = 0.01  # of the rows: what stands on fewer of them is no code worth learning
CODE_AT_MOST = 3  # characters of a code that the operator is shown on the screen though nobody knows it
_CLASSES = (("9", re.compile(r"\d")), ("ا", re.compile("[\u0600-\u06ff\u0750-\u077f]")), ("a", re.compile(r"[^\W\d_]")))

_KEPT = re.compile(r"\?(?:[9aا]×\d+|[^\w?]|_)+")  # no letter or digit of a header


def shape_of(text: str) -> str:
    """Script and length of each run of letters or digits, signs as they are: `Abs 12` is `a×3 9×2`."""
    runs = [(mark, len(list(run))) for mark, run in groupby(text, _mark)]
    told = "".join(f"{mark}×{length}" if mark in "9اa" else mark * length for mark, length in runs)
    return told if len(told) <= SHAPE_AT_MOST else told[: SHAPE_AT_MOST - 1] + "…"


def shown_code(text: str) -> str:
    """A code in quotes where it is a word that codes are known to be written in; else its shape."""
    return f"'{text}'" if word(text) in _known_words() else shape_of(text)


def learnable_code(text: str, count: int, filled: int) -> str:
    """A code as the operator may see it on the screen, who has to map it: short ones that are frequent are shown too."""
    is_short = len(text) <= CODE_AT_MOST and count >= CODE_SHARE * filled
    return f"'{text}'" if is_short else shown_code(text)


def kept_header(text: str, declared: set[str]) -> str:
    """A header as it is remembered: itself where the source declares it (folded) or headers are known to be written so.

    Of any other its shape behind `?`, from which it is told again as it is: what a source does not read can be a person.
    """
    if text in declared or is_known_header(text) or _KEPT.fullmatch(text):
        return text
    return f"?{shape_of(text)}"


def shown_header(text: str, place: int, declared: set[str]) -> str:
    """A header where the source declares it (folded) or headers are known to be written so; else its place, from 1, and shape."""
    if text in declared or is_known_header(text):
        return text
    return f"column {place} ({text[1:] if _KEPT.fullmatch(text) else shape_of(text)})"


def _mark(character: str) -> str:
    return next((mark for mark, pattern in _CLASSES if pattern.match(character)), character)


@cache
def _known_words() -> frozenset[str]:
    """Words of codes: those of the synonyms, and those that any shipped source maps or names."""
    words = set(known_codes())
    for path in resource("data_contracts/sources").glob(f"*/{FILE}"):
        for kind in load_source(path.parent.name).files:
            lists = [
                *kind.codes.values(),
                *kind.empty.values(),
                *kind.only.values(),
                *kind.deleted.values(),
                *kind.others.values(),
            ]
            words |= {word(written) for one in lists for written in one}
    return frozenset(words)
