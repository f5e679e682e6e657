"""What the values of one column are like, in counts; values themselves never leave this module but as codes."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from dropout.extracts.draft.synonyms import load_synonyms

CODES_AT_MOST = 40  # different values; more of them are no list of codes
_LATIN = {0x660 + i: str(i) for i in range(10)} | {0x6F0 + i: str(i) for i in range(10)}
_LATIN |= {0x66B: ".", 0x200E: "", 0x200F: "", 0xA0: " "}
NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?")


def latin(text: str) -> str:
    """Arabic-Indic digits as 0 to 9, as the reader takes them."""
    return text.translate(_LATIN).strip()


@dataclass
class Column:
    """One column of one or more files with the same header: how often each of its values stands there."""

    header: str
    place: int
    counts: Counter[str] = field(default_factory=Counter)
    row_count: int = 0

    def add(self, cells: Iterable[str]) -> None:
        """Counts cells; blank ones, and words that say nothing, as rows without a value."""
        for cell in cells:
            self.row_count += 1
            if text := cell.strip():
                self.counts[text] += 1

    @cached_property
    def blanks(self) -> list[str]:
        """Words of the column that say nothing, as they are written."""
        known = {w.casefold() for w in load_synonyms().empty}
        return sorted(text for text in self.counts if text.casefold() in known)

    @cached_property
    def values(self) -> Counter[str]:
        """The values that say something."""
        return Counter({text: n for text, n in self.counts.items() if text not in self.blanks})

    @property
    def filled(self) -> int:
        """Rows with a value."""
        return self.values.total()

    def share(self, test: Callable[[str], object]) -> float:
        """Share of the filled rows whose value (with Latin digits) passes `test`; 0 for an empty column."""
        return sum(n for text, n in self.values.items() if test(latin(text))) / self.filled if self.filled else 0.0

    @cached_property
    def number_share(self) -> float:
        """Share of rows that hold a number."""
        return self.share(NUMBER.fullmatch)

    @cached_property
    def has_arabic_digits(self) -> bool:
        """Whether Arabic-Indic digits occur."""
        return any(re.search("[٠-٩۰-۹]", text) for text in self.values)

    @property
    def is_identifier(self) -> bool:
        """Mostly of digits, hardly a repetition within a person's rows: something that could number people."""
        numbered = self.share(lambda t: len(re.findall(r"\d", t)) >= 3 and not re.search(r"\d[.,]\d", t))
        return numbered >= 0.9 and len(self.values) > 0.02 * self.filled
