"""k-anonymity of a table of single persons: counted, and required, on the table as it is shown.

A row is hidden among those that are alike in every quasi-identifier, what an outsider may know of a pupil. Sources:
Samarati and Sweeney 1998 (k-anonymity), Machanavajjhala et al. 2007 (l-diversity), Domingo-Ferrer and Mateo-Sanz 2002
(means of small groups in place of numbers).
"""

import duckdb

from dropout.errors import DisclosureError
from dropout.privacy.disclosure import LEAST, protected
from dropout.strict import Strict


class Anonymity(Strict):
    """What was done to a table. `k`: rows in its smallest class, None without rows; `rows_generalised` lost a value.

    Counts of rows are 0, rounded, or None where few (`counted`).
    """

    table: str
    quasi_identifiers: list[str]
    k: int | None
    rows: int
    rows_generalised: int | None
    rows_left_out: int | None


def counted(rows: int) -> int | None:
    """How many rows something was done to, as it may be told: 0, or None where few, else rounded."""
    return 0 if rows == 0 else protected([rows])[0]


def smallest_class(con: duckdb.DuckDBPyConnection, relation: str, columns: list[str], person: str | None = None) -> int | None:
    """Rows in the smallest class of `relation` (a table or a query) alike in `columns`, NULL being a value; None without rows.

    Where a person can have several rows, `person` is the column that tells them apart, and persons are counted.
    """
    counted_what = f'distinct "{person}"' if person else "*"
    names = ", ".join(f'"{column}"' for column in columns)
    ((found,),) = con.execute(
        f"select min(n) from (select count({counted_what}) as n from {relation} group by {names})"
    ).fetchall()
    return None if found is None else int(found)


def required(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    columns: list[str],
    *,
    table: str,
    person: str | None = None,
    least: int = LEAST,
) -> int | None:
    """As `smallest_class`; raises DisclosureError when it is below `least`."""
    found = smallest_class(con, relation, columns, person)
    if found is not None and found < least:
        raise DisclosureError(
            f"a pupil would stand among {found} where {least} are the least",
            where=f"{table}: {', '.join(columns)}",
            remedy="Report this: nothing was written, and the last publication stays.",
        )
    return found
