"""Suites from the contracts: one judges the rule summary, one per table checks its clean rows again.

Importing this module imports Great Expectations (3 to 5 seconds), so only `judge` does.
"""

from collections.abc import Sequence
from typing import Any

import great_expectations.expectations
from great_expectations import ExpectationSuite
from great_expectations.expectations.row_conditions import Column as ConditionColumn

from dropout.contracts.contract import Column, Contract
from dropout.contracts.ddl import ALWAYS_KNOWN, staging_columns
from dropout.contracts.rules import FILE_WITHOUT_ROWS, TOO_MANY_REJECTS, Rule, Severity, dataset_rules

gxe: Any = great_expectations.expectations  # its names exist at run time only, so mypy knows none
GX_SEVERITY: dict[Severity, str] = {"refuse": "critical", "quarantine": "warning", "warn": "info"}


def summary_suite(contracts: Sequence[Contract]) -> ExpectationSuite:
    """No rule is broken more often than `rule_summary` allows; for a rule that refuses, that is critical."""
    judged = [
        *(_row_rules_of(contract, severity) for contract in contracts for severity in ("quarantine", "warn")),
        *(_dataset_rule(contract.table, rule) for contract in contracts for rule in dataset_rules(contract)),
        *(_dataset_rule(None, rule) for rule in (TOO_MANY_REJECTS, FILE_WITHOUT_ROWS)),
    ]
    return ExpectationSuite(name="rule_summary", expectations=judged)


def clean_suite(contract: Contract, row_count: int) -> ExpectationSuite:
    """The clean rows once more, by another hand than the SQL that chose them.

    Uniqueness is judged by `unique_suite`: GX's compound-unique counts over a window and takes three times as long as
    all other expectations together. NULLs pass in-set and between, and an empty table passes everything, hence
    not-null and the row count.
    """
    names = staging_columns(contract)
    meta = {"table": contract.table}
    expected: list[Any] = [
        gxe.ExpectTableRowCountToEqual(value=row_count, severity="critical", meta=meta),
        gxe.ExpectTableColumnsToMatchSet(column_set=list(names), severity="critical", meta=meta),
        *(_not_null(name, meta) for name in sorted(ALWAYS_KNOWN)),
    ]
    for name, column in contract.warehouse_columns.items():
        expected += _of_column(name, column, meta)
    return ExpectationSuite(name=f"clean_{contract.table}", expectations=expected)


def unique_suite(contract: Contract) -> ExpectationSuite:
    """No key stands twice among the clean rows, judged on `key_counts` of them: as many rows as keys in every group."""
    expected = gxe.ExpectColumnPairValuesToBeEqual(
        column_A="row_count",
        column_B="key_count",
        ignore_row_if="neither",
        severity="critical",
        meta={"table": contract.table, "rule": "unique_key"},
    )
    return ExpectationSuite(name=f"keys_{contract.table}", expectations=[expected])


def _within_allowance(condition: Any, severity: Severity, meta: dict[str, str]) -> Any:
    return gxe.ExpectColumnPairValuesAToBeGreaterThanB(
        column_A="allowed_count",
        column_B="violation_count",
        or_equal=True,
        row_condition=condition,
        severity=GX_SEVERITY[severity],
        meta=meta,
    )


def _row_rules_of(contract: Contract, severity: Any) -> Any:
    meta = {"table": contract.table, "rule": f"row rules ({severity})"}
    condition = (ConditionColumn("table_name") == contract.table) & (ConditionColumn("severity") == severity)
    return _within_allowance(condition, severity, meta)


def _dataset_rule(table: str | None, rule: Rule) -> Any:
    condition: Any = ConditionColumn("rule") == rule.name
    if table:
        condition = condition & (ConditionColumn("table_name") == table)
    return _within_allowance(condition, rule.severity, {"table": table or "(files)", "rule": rule.name})


def _not_null(name: str, meta: dict[str, str]) -> Any:
    return gxe.ExpectColumnValuesToNotBeNull(column=name, severity="critical", meta=meta)


def _of_column(name: str, column: Column, meta: dict[str, str]) -> list[Any]:
    severity = "critical" if column.severity == "quarantine" else "info"
    expected: list[Any] = [] if column.nullable else [_not_null(name, meta)]
    if column.values:
        expected.append(gxe.ExpectColumnValuesToBeInSet(column=name, value_set=list(column.values), severity=severity, meta=meta))
    if column.min is not None or column.max is not None:
        expected.append(
            gxe.ExpectColumnValuesToBeBetween(
                column=name, min_value=column.min, max_value=column.max, severity=severity, meta=meta
            )
        )
    return expected
