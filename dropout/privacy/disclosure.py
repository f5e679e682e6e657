"""Disclosure control of counts that leave the operator: small cells and all-but-everybody cells hidden, the rest rounded.

Two ways, by what is shown. What is published every night passes through the SQL macros of `install`: random rounding to
base 5 whose random number is drawn once per cell, from the deployment's key and the cell's name, so that the same count
is always shown as the same number, and two nights differ only where the count crosses a line nobody knows. What is
written once (a model card, a data sheet) passes through `protected` and `protected_table`, which also hide what a total
would give away. Sources: Nargundkar and Saveland 1972 and Fellegi 1975 (random rounding); Fraser and Wooton 2005 (a
number bound to the cell, against differencing); Cox 1980 (complementary suppression). docs/decisions/0019-disclosure.md.
"""

import hashlib
import hmac
from collections.abc import Sequence

import duckdb

LEAST = 10  # a smaller count could point at a pupil
NEAREST = 5
Shown = list[int | None]

_MACROS = {
    # 0 … faces - 1, for ever the same for a cell
    "disclosure_draw(cell, faces)": "('0x' || left(sha256((select salt from disclosure_secret) || encode(cell)), 12))::bigint % faces",
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

    Small cells are hidden, and then, until every row and every column that hides a cell hides two or none, the smallest
    cell that is still shown beside a lonely one. A total is shown where it is not small; the totals are rounded one by
    one from the true ones, so that they need not add up. Hiding is never undone, so this ends.
    """
    hidden = {(i, j) for i, row in enumerate(counts) for j, n in enumerate(row) if n < LEAST}
    while lonely := _lonely(counts, hidden):
        hidden.add(min(lonely, key=lambda at: (counts[at[0]][at[1]], at)))
    cells: list[Shown] = [[None if (i, j) in hidden else _nearest(n) for j, n in enumerate(row)] for i, row in enumerate(counts)]
    columns = [sum(column) for column in zip(*counts, strict=True)]
    return cells, [_total(sum(row)) for row in counts], [_total(n) for n in columns]


def _lonely(counts: Sequence[Sequence[int]], hidden: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Cells that may be hidden beside one that is alone in its row or column."""
    width = len(counts[0]) if counts else 0
    lines = [[(i, j) for j in range(width)] for i in range(len(counts))]
    lines += [[(i, j) for i in range(len(counts))] for j in range(width)]
    return {at for line in lines if len(hidden & set(line)) == 1 for at in line if at not in hidden}


def _total(count: int) -> int | None:
    return None if count < LEAST else _nearest(count)


def _nearest(count: int) -> int:
    return NEAREST * round(count / NEAREST)
