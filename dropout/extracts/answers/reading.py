"""The lines of returned lists → what `sql/staging/list_answers/followup.sql` reads: words as codes, dates, known numbers."""

import datetime as dt

import duckdb
import pyarrow as pa

from dropout.extracts.answers import remarks
from dropout.extracts.answers.words import CHOICES, spellings
from dropout.extracts.normal import normal
from dropout.extracts.source import folded
from dropout.resources import sql

FOLDER = "staging/list_answers"
FORMULA = "=+-@＝＋－＠\t\r\n"  # before these our writer puts an apostrophe, which a spreadsheet keeps
STEPS = {"answer_day": "day", "list_day_order": "day_order", "answer_pupil": "pupil", "list_answer": "answer"}


def prepare(con: duckdb.DuckDBPyConnection, as_of: dt.date) -> None:
    """Fills temp table `list_answer`: one row per line that is not blank, from temp tables `raw_list_<language>`.

    Needs the identity store attached, to know numbers again that lost their zeros. `as_of` is the night: no list is of
    a later date. Spellings are compared in Python, each once, as the codes of other sources are.
    """
    con.execute("create or replace temp table list_night as select ?::date as as_of_date", [as_of])
    con.execute(f"create or replace temp table returned_line as {sql(f'{FOLDER}/line')}")
    cells = con.execute(sql(f"{FOLDER}/cell")).fetchall()
    known = {column: spellings(column) for column in CHOICES}
    bare = [_bare(column, written) for column, written in cells]
    codes = [known.get(column, {}).get(folded(text)) for (column, _), text in zip(cells, bare, strict=True)]
    columns = {"column_name": [c for c, _ in cells], "written": [w for _, w in cells], "bare": bare, "code": codes}
    con.register("found_cells", pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}))
    con.execute("create or replace temp table answer_cell as select * from found_cells where bare <> ''")
    con.unregister("found_cells")
    for table, statement in STEPS.items():
        con.execute(f"create or replace temp table {table} as {sql(f'{FOLDER}/{statement}')}")


def _bare(column: str, written: str) -> str:
    """A cell without what a spreadsheet or our own writer put around it; a remark and initials keep their letters as they are."""
    text = written.strip() if column in remarks.PRIVATE else normal(written)
    has_guard = text.startswith("'") and text[1:].lstrip("\u200e\u200f\u061c \t")[:1] in FORMULA
    return text[1:].strip() if has_guard and len(text) > 1 else text
