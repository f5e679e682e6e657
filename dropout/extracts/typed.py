"""Text cells → typed values, in one statement per file; a cell that does not fit makes its line a reject."""

from collections.abc import Mapping

import duckdb

from dropout.contracts.contract import Type
from dropout.extracts.source import Source, folded
from dropout.extracts.text import Reject

CODES_AT_MOST = 1000  # more spellings than this are no code list; the rest count as unmapped
_DIGITS = "translate({}, '٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹٫', '01234567890123456789.')"


def type_cells(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    types: Mapping[str, Type],
    codes: Mapping[str, Mapping[str, str]],
    constants: Mapping[str, str],
) -> list[Reject]:
    """Turns temp table `cells` into temp table `typed` (line and one typed column per entry of `types`).

    Empty text is NULL. Dates lie in 1900–2100; numbers may use Arabic digits; a fraction is no INTEGER; codes are
    compared without case and accents, and one that the source does not map is a reject. Returns the lines left
    out, each with its first bad column.
    """
    _map_codes(con, codes)
    given, read = [], []
    for name, kind in types.items():
        raw = f"nullif(trim(\"{name}\"), '')"
        if name in constants:
            raw = "'" + constants[name].replace("'", "''") + "'"
        given.append(f'{raw} as "{name}"')
        read.append(_value(name, kind, source, has_codes=name in codes))
    judged = [n for n, k in types.items() if k != "VARCHAR" or n in codes]
    whens = " ".join(f"""when "{n}!" then '{n}'""" for n in judged)
    verdict = f"case {whens} end" if judged else "null::varchar"
    con.execute(
        f"create or replace temp table attempted as with given as (select line, {', '.join(given)} from cells) "
        f"select *, {verdict} as bad from (select line, {', '.join(read)} from given)"
    )
    keep = ", ".join(f'"{n}"' for n in types)
    con.execute(f"create or replace temp table typed as select line, {keep} from attempted where bad is null")
    found = con.execute("select line, bad from attempted where bad is not null order by line").fetchall()
    con.execute("drop table attempted")
    return [(int(line), column, _reason(types[column], column in codes)) for line, column in found]


def _reason(kind: Type, has_codes: bool) -> str:
    if has_codes:
        return "a code the source does not map"
    return {"DATE": "not a date", "BOOLEAN": "neither true nor false"}.get(kind, "not a number")


def _map_codes(con: duckdb.DuckDBPyConnection, codes: Mapping[str, Mapping[str, str]]) -> None:
    """Temp table `code`: every spelling found in a coded column with our word, NULL where the source maps none."""
    con.execute("create or replace temp table code (column_name varchar, written varchar, ours varchar)")
    for name, mapped in codes.items():
        ours = {folded(written): word for written, word in mapped.items()}
        found = con.execute(f"""select distinct trim("{name}") from cells where trim("{name}") <> ''""").fetchall()
        rows = [(name, written, ours.get(folded(written))) for (written,) in found]
        if rows:
            con.executemany("insert into code values (?, ?, ?)", rows[:CODES_AT_MOST])


def _value(name: str, kind: Type, source: Source, *, has_codes: bool) -> str:
    """The typed column and, as `name!`, whether text was there that did not fit."""
    cell = f'"{name}"'
    if has_codes:
        mapped = f"(select map(list(written), list(ours)) from code where column_name = '{name}')[{cell}]"
        value = f"try_cast({mapped} as {kind})"
    elif kind == "VARCHAR":
        return cell
    elif kind == "DATE":
        tries = ", ".join(f"try_strptime({_DIGITS.format(cell)}, '{f}')" for f in source.date_formats)
        value = f"coalesce({tries})::date"
        value = f"if(year({value}) between 1900 and 2100, {value}, null)"
    else:
        text = _DIGITS.format(cell)
        text = f"replace({text}, ',', '.')" if source.decimal_comma else text
        value = f"try_cast({text} as {kind})"
        if kind in ("INTEGER", "BIGINT"):  # the cast alone would round 7.5 to 8 in silence
            value = f"if(regexp_full_match({text}, '[+-]?[0-9]+([.]0*)?'), {value}, null)"
    return f'{value} as "{name}", ({value}) is null and {cell} is not null as "{name}!"'
