"""Great Expectations on DuckDB through our dialect: core expectations find exactly the rows that SQL finds."""

from collections.abc import Iterator
from typing import Any

import duckdb
import great_expectations.expectations
import pytest
from great_expectations import ExpectationSuite
from great_expectations.expectations.row_conditions import Column

from dropout.contracts.judge import Finding, Judge
from dropout.errors import ContractError

gxe: Any = great_expectations.expectations

# 12 rows: n 0…11; word a, b, NULL in turn; day 1 to 12 January; share n / 10; twin 0 0 1 1 2 2 …
ROWS = """
select
    i::bigint as n, case i % 3 when 0 then 'a' when 1 then 'b' end as word,
    date '2025-01-01' + i::int as day, i / 10.0::double as share, (i // 2)::integer as twin, i % 2 = 0 as is_even
from range(12) as r(i)
"""


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    """A judge of a temporary view on a table that is not committed."""
    with duckdb.connect() as con:
        con.execute("attach ':memory:' as staging")
        con.execute("begin")
        con.execute(f"create table staging.small as {ROWS}")
        con.execute("create temp view small_view as select * from staging.small")
        yield Judge(con)
        assert con.execute("select count(*) from staging.small").fetchall() == [(12,)], "the transaction is ours"
        con.execute("rollback")


def verdict(judge: Judge, expectation: Any) -> Finding:
    (finding,) = judge.judge("small_view", ExpectationSuite(name="one", expectations=[expectation]))
    return finding


@pytest.mark.parametrize(
    ("expectation", "unexpected"),
    [
        (gxe.ExpectColumnValuesToNotBeNull(column="n"), 0),
        (gxe.ExpectColumnValuesToNotBeNull(column="word"), 4),
        (gxe.ExpectColumnValuesToBeNull(column="word"), 8),
        (gxe.ExpectColumnValuesToBeInSet(column="word", value_set=["a", "b"]), 0),  # NULLs pass
        (gxe.ExpectColumnValuesToBeInSet(column="word", value_set=["a"]), 4),
        (gxe.ExpectColumnValuesToNotBeInSet(column="word", value_set=["a"]), 4),
        (gxe.ExpectColumnValuesToBeInSet(column="is_even", value_set=[True]), 6),
        (gxe.ExpectColumnValuesToBeBetween(column="n", min_value=2, max_value=9), 4),
        (gxe.ExpectColumnValuesToBeBetween(column="share", max_value=1), 1),
        (gxe.ExpectColumnValuesToBeBetween(column="day", min_value="2025-01-03"), 2),
        (gxe.ExpectColumnValuesToMatchRegex(column="word", regex="^[ab]$"), 0),
        (gxe.ExpectColumnValuesToMatchRegex(column="word", regex="a"), 4),
        (gxe.ExpectColumnValuesToNotMatchRegex(column="word", regex="^a"), 4),
        (gxe.ExpectColumnValuesToMatchRegexList(column="word", regex_list=["^a", "^b"], match_on="any"), 0),
        (gxe.ExpectColumnValuesToMatchLikePattern(column="word", like_pattern="a%"), 4),
        (gxe.ExpectColumnValueLengthsToBeBetween(column="word", min_value=1, max_value=1), 0),
        (gxe.ExpectColumnValuesToBeUnique(column="n"), 0),
        (gxe.ExpectColumnValuesToBeUnique(column="twin"), 12),
        (gxe.ExpectCompoundColumnsToBeUnique(column_list=["twin", "is_even"]), 0),
        (gxe.ExpectCompoundColumnsToBeUnique(column_list=["twin", "twin"]), 12),
        (gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="n", column_B="twin", or_equal=True), 0),
        (gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="n", column_B="twin"), 1),
        (gxe.ExpectColumnPairValuesToBeEqual(column_A="n", column_B="twin"), 11),
        (gxe.ExpectMulticolumnSumToEqual(column_list=["n", "twin"], sum_total=4), 11),
        # with a condition: of a, b and NULL only the NULLs are wrong; among n < 2 there are none
        (gxe.ExpectColumnValuesToNotBeNull(column="word", row_condition=Column("n") < 2), 0),
        (gxe.ExpectColumnValuesToNotBeNull(column="word", row_condition=(Column("n") >= 2) & (Column("n") < 6)), 2),
        (gxe.ExpectColumnValuesToBeBetween(column="n", max_value=5, row_condition=Column("word") == "a"), 2),
    ],
)
def test_a_row_expectation_counts_its_rows(judge: Judge, expectation: Any, unexpected: int) -> None:
    found = verdict(judge, expectation)
    assert (found.unexpected_count, found.is_met) == (unexpected, unexpected == 0)


@pytest.mark.parametrize(
    ("expectation", "is_met"),
    [
        (gxe.ExpectTableRowCountToEqual(value=12), True),
        (gxe.ExpectTableRowCountToBeBetween(min_value=13), False),
        (gxe.ExpectTableColumnsToMatchSet(column_set=["n", "word", "day", "share", "twin", "is_even"]), True),
        (gxe.ExpectTableColumnsToMatchSet(column_set=["n"]), False),
        (gxe.ExpectTableColumnsToMatchOrderedList(column_list=["n", "word", "day", "share", "twin", "is_even"]), True),
        (gxe.ExpectColumnToExist(column="words"), False),
        (gxe.ExpectColumnValuesToBeOfType(column="n", type_="BIGINT"), True),
        (gxe.ExpectColumnValuesToBeOfType(column="day", type_="VARCHAR"), False),
        (gxe.ExpectColumnMeanToBeBetween(column="n", min_value=5.5, max_value=5.5), True),
        (gxe.ExpectColumnMedianToBeBetween(column="n", min_value=5.5, max_value=5.5), True),
        (gxe.ExpectColumnStdevToBeBetween(column="n", min_value=3.60, max_value=3.61), True),  # √13
        (gxe.ExpectColumnMaxToBeBetween(column="day", min_value="2025-01-13"), False),
        (gxe.ExpectColumnSumToBeBetween(column="twin", min_value=30, max_value=30), True),
        (gxe.ExpectColumnUniqueValueCountToBeBetween(column="word", min_value=2, max_value=2), True),
        (gxe.ExpectColumnDistinctValuesToEqualSet(column="word", value_set=["a", "b"]), True),
        (gxe.ExpectColumnMostCommonValueToBeInSet(column="is_even", value_set=[True, False], ties_okay=True), True),
        (
            gxe.ExpectColumnQuantileValuesToBeBetween(column="n", quantile_ranges={"quantiles": [0.5], "value_ranges": [[5, 6]]}),
            True,
        ),
        (gxe.UnexpectedRowsExpectation(unexpected_rows_query="select 1 from {batch} where n > 11"), True),
        (gxe.UnexpectedRowsExpectation(unexpected_rows_query="select 1 from {batch} where n > 9"), False),
    ],
)
def test_a_table_expectation_gives_its_verdict(judge: Judge, expectation: Any, is_met: bool) -> None:
    assert verdict(judge, expectation).is_met is is_met


def test_severity_and_rule_come_back_with_the_verdict(judge: Judge) -> None:
    meta = {"table": "small", "rule": "even_only"}
    found = verdict(judge, gxe.ExpectColumnValuesToBeInSet(column="is_even", value_set=[True], severity="info", meta=meta))
    assert (found.table, found.rule, found.column, found.severity) == ("small", "even_only", "is_even", "info")


def test_an_expectation_that_ends_in_an_error_is_an_error_and_no_verdict() -> None:
    with duckdb.connect() as con:
        con.execute(f"create table small as {ROWS}")
        suite = ExpectationSuite(name="one", expectations=[gxe.ExpectColumnValuesToNotBeNull(column="nowhere")])
        with pytest.raises(ContractError, match="could not judge expect_column_values_to_not_be_null"):
            Judge(con).judge("small", suite)


def test_a_result_holds_no_value_of_a_row() -> None:
    from dropout.contracts.judge import COUNTS_ONLY

    with duckdb.connect() as con:
        con.execute("create table pupil as select 'D130045678' as student_id, 1 as n from range(3)")
        judge = Judge(con)
        asset = judge._source.add_table_asset("pupil", table_name="pupil")
        suite = ExpectationSuite(
            name="all",
            expectations=[
                gxe.ExpectColumnValuesToBeInSet(column="student_id", value_set=["x"]),
                gxe.ExpectColumnValuesToBeUnique(column="student_id"),
                gxe.ExpectColumnValuesToMatchRegex(column="student_id", regex="^X"),
                gxe.ExpectCompoundColumnsToBeUnique(column_list=["student_id", "n"]),
                gxe.UnexpectedRowsExpectation(unexpected_rows_query="select 1 from {batch} group by n having count(*) > 1"),
            ],
        )
        outcome = asset.add_batch_definition_whole_table("all").get_batch().validate(suite, result_format=COUNTS_ONLY)
        assert [r.success for r in outcome.results] == [False] * 5
        assert "D130045678" not in str(outcome.to_json_dict())
