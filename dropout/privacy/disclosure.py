"""Disclosure control of counts that leave the operator: small cells and all-but-everybody cells hidden, the rest rounded.

Two ways, by what is shown. What is published every night passes through the SQL macros of `install`: random rounding to
base 5 whose random number is drawn once per cell, from the deployment's key and the cell's name, so that the same count
is always shown as the same number, and two nights differ only where the count crosses a line nobody knows. What is
written once (a model card, a data sheet) passes through `protected` and `protected_table`, which also hide what a total
would give away. Sources: Nargundkar and Saveland 1972 and Fellegi 1975 (random rounding); Fraser and Wooton 2005 (a
number bound to the cell, against differencing); Cox 1980 (complementary suppression). docs/decisions/0021-disclosure.md.
"""

import hashlib
import hmac
from collections.abc import Sequence

import duckdb

LEAST = 10  # a smaller count could point at a pupil
NEAREST = 5
Shown = list[int | None]
Cell = tuple[int, int]  # row, column

_MACROS = {
    # 0 … faces - 1, for ever the same for a cell
    "disclosure_draw(cell, faces)": (
        "('0x' || left(sha256((select salt from disclosure_secret) || encode(cell)), 12))::bigint % faces"
    ),
    "rounded_count(cell, n)": f"(n + disclosure_draw(cell || '/grid', {NEAREST})) // {NEAREST} * {NEAREST}",
    # the line below which a count is hidden is drawn as well: one that is known would give away 9 and 10
    "hidden_below(cell)": f"{LEAST} + disclosure_draw(cell || '/least', {NEAREST})",
    "shown_count(cell, n)": "if(n < hidden_below(cell), null, rounded_count(cell, n))::bigint",
    "shown_part(cell, n, total)": "if(total - n < hidden_below(cell || '/rest'), null, shown_count(cell, n))::bigint",
}


def install(con: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Gives this connection temporary macros; what they draw with is derived from `key` and stays in memory.

    `shown_count(cell, n)`: n rounded, NULL where it is small. `shown_part(cell, n, total)`: also NULL where all but a few
    of `total` are in it, so that neither 0 % nor 100 % is ever told. `rounded_count(cell, n)`: rounded, never hidden, for
    numbers that are not of pupils. `cell` names the count, without a date: a number drawn anew each night would average out.
    """
    con.execute(
        "create or replace temp table disclosure_secret as select $salt::blob as salt",
        {"salt": hmac.new(key, b"disclosure", hashlib.sha256).digest()},
    )
    for macro, body in _MACROS.items():
        con.execute(f"create or replace temp macro {macro} as {body}")


def protected(counts: Sequence[int]) -> Shown:
    """`counts` of one column: None below LEAST, the rest rounded to NEAREST.

    Where a single count is hidden the next smallest is hidden too: a total would give away one alone.
    """
    hidden = {i for i, count in enumerate(counts) if count < LEAST}
    if len(hidden) == 1 and len(counts) > 1:
        hidden.add(min((i for i in range(len(counts)) if i not in hidden), key=lambda i: counts[i]))
    return [None if i in hidden else _nearest(count) for i, count in enumerate(counts)]


def protected_table(counts: Sequence[Sequence[int]]) -> tuple[list[Shown], Shown, Shown]:
    """A two-way table with its totals: cells, totals of rows, totals of columns; None where hidden, else rounded.

    Small cells are hidden, and then smallest cells beside them until no hidden one follows from totals. Rows and columns
    are the nodes of a graph and hidden cells its edges: a cell follows from the totals where it is the only way between its
    row and its column (a bridge; Gusfield 1988), so another way is hidden too. Totals are shown where they are not small.
    """
    if min(len(counts), len(counts[0]) if counts else 0) == 1:  # one line: its cells are the other totals
        line = protected([n for row in counts for n in row])
        cells = [list(line)] if len(counts) == 1 else [[n] for n in line]
        whole: Shown = [_total(sum(n for row in counts for n in row))]
        return (cells, whole, line) if len(counts) == 1 else (cells, line, whole)
    hidden = {(i, j) for i, row in enumerate(counts) for j, n in enumerate(row) if n < LEAST}
    while ways := _ways(counts, hidden):
        hidden.add(min(ways, key=lambda at: (counts[at[0]][at[1]], at)))
    shown: list[Shown] = [[None if (i, j) in hidden else _nearest(n) for j, n in enumerate(row)] for i, row in enumerate(counts)]
    columns = [sum(column) for column in zip(*counts, strict=True)]
    return shown, [_total(sum(row)) for row in counts], [_total(n) for n in columns]


def _ways(counts: Sequence[Sequence[int]], hidden: set[Cell]) -> set[Cell]:
    """Shown cells of which one must be hidden so that the first cell that follows from totals does so no more."""
    for cell in sorted(hidden):
        rows, columns = _reached(cell[0], hidden - {cell})
        if cell[1] not in columns:
            return {
                (i, j)
                for i, row in enumerate(counts)
                for j in range(len(row))
                if (i in rows) != (j in columns) and (i, j) not in hidden
            }
    return set()


def _reached(start: int, edges: set[Cell]) -> tuple[set[int], set[int]]:
    """Rows and columns that can be reached from row `start` over `edges`."""
    rows, columns = {start}, set[int]()
    while more := {(i, j) for i, j in edges if (i in rows) != (j in columns)}:
        rows |= {i for i, _ in more}
        columns |= {j for _, j in more}
    return rows, columns


def _total(count: int) -> int | None:
    return None if count < LEAST else _nearest(count)


def _nearest(count: int) -> int:
    return NEAREST * round(count / NEAREST)
