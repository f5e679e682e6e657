"""A sheet: any file of an extract as text cells in the order of the file."""

from dataclasses import dataclass
from pathlib import Path

Reject = tuple[int, str, str]  # line, column, reason


@dataclass(frozen=True)
class Sheet:
    """Text cells of one file, and what of it is not among them; lines = rows of `relation` + `rejects`.

    `relation` is a select in file order: columns c0 … c<width-1>, with `has_line` also `line` in front (the line or
    row of the file, counted from 1). Without it the relation's first row is line `first_line`, and `left_out` are the
    lines between that it skips. `above` are the lines above the header. `is_typed`: dates and numbers were typed in
    the file, so that dates come as ISO text and numbers with a point. `text` is its UTF-8 text, for a file of lines.
    There a row may run over several lines: lines below the header = `line_count` + `continued_count`, those that rows
    take up beyond their first, + `blank_count`.
    """

    relation: str
    header: list[str]
    line_count: int
    rejects: list[Reject]
    has_line: bool
    first_line: int
    left_out: list[int]
    above: list[list[str]]
    encoding: str
    is_typed: bool
    text: Path | None = None
    continued_count: int = 0
    blank_count: int = 0

    def placed(self, rows: str) -> str:
        """Query `rows`, whose `line` counts on from `first_line`, with the lines of the file; reads temp table `left_out`."""
        if not self.left_out:
            return rows
        # each line left out moves the rows after it down by one
        moved = (
            "select line - place as after_line, max(place) as moved_by "
            "from (select line, row_number() over (order by line) as place from left_out) group by all"
        )
        return (
            f"select r.* replace (r.line + coalesce(o.moved_by, 0) as line) from ({rows}) as r "
            f"asof left join ({moved}) as o on r.line - 1 >= o.after_line"
        )

    def numbered(self) -> str:
        """The relation with `line`; numbering runs on one thread, so that only what needs it asks for it."""
        if self.has_line:
            return self.relation
        return self.placed(f"select row_number() over () + {self.first_line - 1} as line, * from ({self.relation})")
