"""Whatever arrives: rows = clean + quarantined, clean rows keep the contract, and the order of arrival is no matter."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout.contracts.contract import load_contracts
from dropout.contracts.ddl import create_core, staging_columns, staging_ddl
from dropout.contracts.fill import fill, name_tonight
from dropout.contracts.rules import DUPLICATE_KEY, row_rules
from dropout.warehouse.connect import migrate

CONTRACT = load_contracts()["attendance"]
FEW_EXAMPLES = settings(
    max_examples=25,
    deadline=None,
)

row = st.fixed_dictionaries(
    {
        "student_key": st.sampled_from([1, 2, 3, None]),  # 3 is unknown
        "date": st.sampled_from(["2025-01-09", "2025-01-10", "2025-01-14", "1980-01-01", None]),
        "session": st.sampled_from(["am", "pm", "night"]),
        "status": st.sampled_from(["late", "present", "ill", None]),
        "minutes_missed": st.sampled_from([0, 10, -1, None]),
        "known_at": st.sampled_from(["2025-01-13", "2025-01-20"]),
        "delivery_no": st.sampled_from([1, 2]),
    }
)


# held here and not handed to the tests: Hypothesis keeps arguments, and DuckDB complains at exit of a held connection
HELD: list[duckdb.DuckDBPyConnection] = []


@pytest.fixture(scope="module", autouse=True)
def warehouse() -> Iterator[None]:
    with duckdb.connect() as con:
        migrate(con)
        create_core(con)
        con.execute("attach ':memory:' as staging")
        con.execute("create schema staging.read")
        con.execute(
            "insert into ops.delivery select i, i, 'd' || i, 'csv', null, date '2025-01-13', false, 'read', 1, 1, 0 "
            "from range(1, 3) as r(i)"
        )
        con.execute("insert into core.student by name select 1 + i as student_key, date '2025-01-01' as known_at, "
                    "1 as delivery_no from range(2) as r(i)")  # fmt: skip
        HELD.append(con)
        yield
        HELD.clear()


def part(rows: list[dict[str, Any]]) -> tuple[list[Any], list[Any]]:
    """Clean rows, and quarantined ones as (line, rules)."""
    con, names = HELD[0], staging_columns(CONTRACT)
    con.execute(staging_ddl(CONTRACT, "staging.read"))
    for r in rows:
        con.execute(f"insert into staging.read.attendance values ({', '.join('?' for _ in names)})", [r.get(n, 1) for n in names])
    name_tonight(con, [CONTRACT])
    (tally,) = fill(con, [CONTRACT])
    clean = con.execute("from staging.checked.attendance order by all").fetchall()
    quarantined = con.execute("select line, rules from staging.checked.quarantine order by all").fetchall()
    assert (tally.rows, tally.clean, tally.quarantined) == (len(rows), len(clean), len(quarantined))
    return clean, quarantined


@FEW_EXAMPLES
@given(rows=st.lists(row, max_size=25))
def test_every_row_is_clean_or_quarantined_with_its_rules(rows: list[dict[str, Any]]) -> None:
    numbered = [r | {"line": line} for line, r in enumerate(rows, start=2)]
    clean, quarantined = part(numbered)
    lines = [r[-1] for r in clean] + [line for line, _ in quarantined]
    assert sorted(lines) == [r["line"] for r in numbered]
    names = {r.name for r in row_rules(CONTRACT)} | {DUPLICATE_KEY.name}
    assert all(rules and set(rules) <= names and len(set(rules)) == len(rules) for _, rules in quarantined)
    assert max(Counter((*r[:3], r[5]) for r in clean).values(), default=1) == 1  # key and known_at
    assert all(r[3] in ("late", "present") and r[0] in (1, 2) for r in clean)


@FEW_EXAMPLES
@given(rows=st.lists(row, max_size=20), data=st.data())
def test_the_order_in_which_rows_stand_does_not_matter(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    numbered = [r | {"line": line} for line, r in enumerate(rows, start=2)]
    assert part(numbered) == part(data.draw(st.permutations(numbered)))


@FEW_EXAMPLES
@given(rows=st.lists(row, min_size=1, max_size=15))
def test_checking_the_clean_rows_again_finds_nothing(rows: list[dict[str, Any]]) -> None:
    clean, _ = part([r | {"line": line} for line, r in enumerate(rows, start=2)])
    again = [dict(zip(staging_columns(CONTRACT), r, strict=True)) for r in clean]
    assert part(again) == (clean, [])
