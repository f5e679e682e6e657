"""One school's list of one night, as its files show it."""

import datetime as dt
import re
from dataclasses import dataclass

import polars as pl

from dropout.publish.words import Language, words_of


@dataclass(frozen=True)
class SchoolList:
    """A school's list in its own language, ready to be written.

    `table` has LIST_COLUMNS: texts as they are said, `list_date` a date, percents as numbers, the answer columns NULL;
    the pupils on the list, highest chance first. `keys` are their pseudonyms, row by row. `left` holds who was on
    the school's last list and is not on this one, in the same columns: names, class and `change`, the rest NULL.
    `silent_since` is the date of the newest data where the school has fallen silent: then nobody is ranked.
    `precision` says in words how good such lists were; empty where nothing is known. `notice` says that the model is
    suspended, or that an earlier one serves; empty where the model in force speaks.
    """

    school_id: str
    school: str
    language: str
    day: dt.date
    target: str
    method: str
    table: pl.DataFrame
    keys: tuple[int, ...]
    left: pl.DataFrame
    silent_since: dt.date | None = None
    precision: str = ""
    notice: str = ""
    is_suspended: bool = False

    @property
    def words(self) -> Language:
        """The words of its language."""
        return words_of(self.language)

    def how_ranked(self, otherwise: str) -> str:
        """How the list was ranked: `otherwise`, with the notice; the notice alone while the model is suspended."""
        return self.notice if self.is_suspended else " ".join(filter(None, (otherwise, self.notice)))

    def file_name(self, ending: str) -> str:
        """`<school_id>_<date>.<ending>`."""
        return f"{file_name(self.school_id)}_{self.day.isoformat()}.{ending}"


def file_name(school_id: str) -> str:
    """`school_id` as the name of a folder: letters, digits, `-`, `_` and inner dots stay, the rest becomes %XX (UTF-8)."""
    return re.sub(r"^\.|[^\w.\-]", lambda m: "".join(f"%{b:02X}" for b in m[0].encode()), school_id) or "%"
