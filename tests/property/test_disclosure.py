"""Over random tables and districts: no small cell shown or to be worked out, no pupil among fewer than ten."""

from collections.abc import Sequence

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout.errors import DisclosureError
from dropout.privacy import disclosure
from dropout.privacy.anonymity import required
from dropout.privacy.disclosure import LEAST, NEAREST, protected_table
from dropout.publish.marts import QUASI_IDENTIFIERS
from dropout.resources import sql

KEY = b"\7" * 32
TABLES = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(st.integers(0, 40), min_size=width, max_size=width), min_size=1, max_size=5)
)


@given(TABLES)
@settings(max_examples=200, deadline=None)
def test_no_small_cell_is_shown_or_follows_from_the_totals(counts: list[list[int]]) -> None:
    cells, rows, columns = protected_table(counts)
    hidden = [(i, j) for i, row in enumerate(cells) for j, n in enumerate(row) if n is None]
    assert all(counts[i][j] >= LEAST for i, row in enumerate(cells) for j, n in enumerate(row) if n is not None)
    assert all(n is None or n >= LEAST for n in [*rows, *columns])
    # the attacker knows every shown number exactly: what of the hidden ones do the shown totals fix?
    known = [[float(i == at) for i, _ in hidden] for at in range(len(rows)) if rows[at] is not None]
    known += [[float(j == at) for _, j in hidden] for at in range(len(columns)) if columns[at] is not None]
    rank = np.linalg.matrix_rank(np.array(known)) if known and hidden else 0
    whole = sum(map(sum, counts))
    if len(hidden) < 2 and whole < 2 * LEAST:  # a lonely cell of a table with nothing beside it
        return
    for at in range(len(hidden)):
        unit = np.eye(len(hidden))[at]
        assert not known or np.linalg.matrix_rank(np.array([*known, unit])) > rank


def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    disclosure.install(con, KEY)
    return con


def test_counts_drawn_by_cell() -> None:
    """Hidden below 10, never more than 4 off, the same whenever it is asked, and right on average over cells."""
    with con() as c:
        rows = c.execute(
            "select n, shown_count('cell/' || i, n), shown_part('cell/' || i, n, 60) from range(61) as a(n), range(400) as b(i)"
        ).fetchall()
        again = c.execute("select shown_count('cell/7', 33), shown_count('cell/7', 33)").fetchall()[0]
    assert again[0] == again[1]
    assert all(shown is None or (n >= LEAST and shown % NEAREST == 0 and abs(shown - n) < NEAREST) for n, shown, _ in rows)
    assert all(part is None for n, _, part in rows if n < LEAST or 60 - n < LEAST)  # 0 % and 100 % are never told
    assert all(shown is not None for n, shown, _ in rows if n >= LEAST + NEAREST)
    for n in (20, 33, 47):  # mean of 400 draws, each up to 4 off with deviation sqrt(2): five standard errors are 0.36
        assert abs(np.mean([shown for m, shown, _ in rows if m == n]) - n) < 0.36


def test_a_pupil_more_shows_in_one_cell_of_five_and_the_line_is_secret() -> None:
    """Two nights, one pupil joins: the attacker sees a change in 1 of 5 cells; with another key in others."""
    moved = []
    for key in (KEY, b"\x08" * 32):
        c = duckdb.connect()
        disclosure.install(c, key)
        query = (
            "select list(i order by i) from range(2000) as r(i) where shown_count('c/' || i, 42) <> shown_count('c/' || i, 43)"
        )
        moved.append(set(c.execute(query).fetchall()[0][0]))
        c.close()
    assert all(0.16 < len(m) / 2000 < 0.24 for m in moved)  # 0.2, give or take four standard errors of 0.009
    assert moved[0] != moved[1]
    # where nothing changed nothing moves, and where it moved the same step happens at 5 different counts: none is given away
    with con() as c:
        steps = c.execute(
            "select distinct n from range(20, 25) as a(n), range(200) as b(i) "
            "where shown_count('c/' || i, n) <> shown_count('c/' || i, n + 1)"
        ).fetchall()
    assert len(steps) == NEAREST


PUPILS = st.lists(
    st.tuples(st.sampled_from("ABC"), st.integers(1, 3), st.booleans(), st.floats(0, 1, width=32), st.integers(0, 9)),
    min_size=1,
    max_size=150,
)


@given(PUPILS)
@settings(max_examples=40, deadline=None)
def test_every_pupil_is_among_ten(pupils: Sequence[tuple[str, int, bool, float, int]]) -> None:
    """Whatever the district: a class of ten in all that is shown, and means that stay right."""
    with con() as c:
        c.execute("attach ':memory:' as exact")
        c.execute("create schema exact.marts; create temp table this_night as select 'leaves_by_next_year' as list_target")
        c.execute(
            "create table exact.marts.student_risk (student_key varchar, as_of_date date, target varchar, school_id varchar, "
            "grade_level integer, school_year varchar, model_version varchar, method varchar, chance double, chance_low double, "
            "chance_high double, school_rank integer, is_listed boolean, is_abstained boolean, abstain_reason varchar)"
        )
        rows = [
            [f"{i:015x}", s, g, None if few == 0 else p, listed and few > 0, few == 0]
            for i, (s, g, listed, p, few) in enumerate(pupils)
        ]
        c.executemany(
            "insert into exact.marts.student_risk select $1, date '2025-03-10', 'leaves_by_next_year', $2, $3, '2024-2025', 'm', "
            "'model', $4, $4, $4, null, $5, $6, if($6, 'too_few_registers', null)",
            rows,
        )
        c.execute(f"create temp table pupil_class as {sql('analysts/pupil_class')}", {"k": LEAST})
        c.execute(f"create temp table shown as {sql('analysts/student_risk')}")
        k = required(c, "shown", QUASI_IDENTIFIERS["student_risk"], table="shown")
        assert k is None or k >= LEAST
        # exact facts lead to ten rows or more, or to none
        hits = c.execute(
            "select min(n) from (select count(*) as n from exact.marts.student_risk as f inner join shown as s "
            "on coalesce(s.school_id = f.school_id, true) and coalesce(s.grade_level = f.grade_level, true) "
            "and s.is_listed = f.is_listed and s.is_abstained = f.is_abstained group by f.student_key)"
        ).fetchall()
        assert hits[0][0] is None or hits[0][0] >= LEAST
        told, true = c.execute(
            "select (select sum(chance) from shown), sum(f.chance) from exact.marts.student_risk as f "
            "inner join pupil_class as p on f.student_key = p.student_key and p.is_shown"
        ).fetchall()[0]
        assert told is None or abs(told - true) < 1e-3 * len(pupils)


def test_a_class_that_is_too_small_is_an_error_without_its_values() -> None:
    with duckdb.connect() as c:
        c.execute("create table t as select if(i < 9, 'Secret', 'B') as a from range(30) as r(i)")
        with pytest.raises(DisclosureError, match="among 9 where 10") as caught:
            required(c, "t", ["a"], table="t")
    assert "Secret" not in str(caught.value)
