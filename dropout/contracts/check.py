"""check: contracts part clean rows from broken ones and refuse a delivery that is broken as a whole."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

import duckdb

from dropout.contracts.ddl import create_core
from dropout.contracts.fill import FINDINGS, Tally, arrived_contracts, fill, name_tonight
from dropout.contracts.rules import FEW, find_rule
from dropout.contracts.violations import key_counts
from dropout.errors import ContractError
from dropout.resources import sql
from dropout.warehouse.ledger import Counts, Run, log

if TYPE_CHECKING:
    from dropout.contracts.contract import Contract
    from dropout.contracts.judge import Finding, Judge

SHOWN = 5  # refusals that an error names; the rest are counted
DEFECT = "This is a defect of the program: report it with this message. Nothing was loaded."


@dataclass(frozen=True)
class Refusal:
    """A dataset rule that a delivery broke; `files` brought its rows, `rules` are its broken row rules."""

    delivery_no: int
    delivery: str
    table: str
    rule: str
    row_count: int
    violation_count: int
    files: str | None
    rules: str | None

    def words(self) -> str:
        """One line that says what was refused and why, in counts."""
        share = f"{self.violation_count:,} of {self.row_count:,} rows"
        often = f"; {self.rules}" if self.rules else ""
        counted = f" ({share}{often})" if self.violation_count > 1 else f" ({self.row_count:,} rows)"
        return f"delivery {self.delivery} was refused: {self.rule} in {self.table}{counted}"


def check(con: duckdb.DuckDBPyConnection, run: Run, *, is_trial: bool = False) -> Counts:
    """Fills `staging.checked` from `staging.read` and marks tonight's deliveries `checked` or `refused`.

    A row that breaks a row rule goes to `staging.checked.quarantine` with every rule it broke; rows =
    clean + quarantined holds for every table. A delivery that breaks a dataset rule is refused whole: nothing
    of it stands in `staging.checked`, its broken rows go to ops.quarantine at once, and ContractError is
    raised after everything is written, naming delivery, files, rule and remedy. The others stay `checked`.

    The SQL pass finds violations; Great Expectations judges their summary and checks the clean rows again.
    A trial of a few files does not hold rows against tables that none of the files brings.
    """
    # importing Great Expectations takes 3 to 5 seconds: meanwhile SQL has its pass
    importing = ThreadPoolExecutor(1).submit(import_module, "dropout.contracts.judge")
    judge: Callable[[], Judge] = cache(lambda: importing.result().Judge(con))
    create_core(con)
    contracts = arrived_contracts(con)
    name_tonight(con, contracts)
    refusals = list[Refusal]()
    while True:  # until no more is refused: rows may refer to a student that only a refused file has
        tallies, found, findings = _round(
            con, judge, contracts, run.deployment.settings.contracts.broken_at_most, is_trial=is_trial
        )
        refusals += found
        if not found:
            break
    _record(con)
    counts: Counts = {
        "rows": sum(t.rows for t in tallies),
        "clean": sum(t.clean for t in tallies),
        "quarantined": sum(t.quarantined for t in tallies),
        "warned": sum(t.warned for t in tallies),
        "refused": len({r.delivery_no for r in refusals}),
        "expectations": len(findings),
        "expectations_unmet": sum(not f.is_met for f in findings),
    }
    if refusals:
        log.warning("deliveries refused", run_id=run.run_id, **counts)
        raise _error(refusals)
    return counts


def _round(
    con: duckdb.DuckDBPyConnection,
    judge: Callable[[], Judge],
    contracts: list[Contract],
    broken_at_most: float,
    *,
    is_trial: bool,
) -> tuple[list[Tally], list[Refusal], list[Finding]]:
    """Parts and judges all that is not refused yet, in one transaction; refuses what breaks a dataset rule."""
    con.execute("begin")
    try:
        tallies = fill(con, contracts, is_trial=is_trial)
        con.execute(
            f"create or replace temp table rule_summary as {sql('checks/rule_summary')}",
            {"broken_at_most": broken_at_most, "few": FEW},
        )
        found = [Refusal(*row) for row in con.execute(sql("checks/refusal")).fetchall()]
        findings = _judge_rules(judge(), tallies, found)
        if found:
            _refuse(con, sorted({refusal.delivery_no for refusal in found}))
        else:
            findings += [f for tally in tallies if tally.rows for f in _again(con, judge(), tally)]
    except BaseException:
        con.execute("rollback")
        raise
    con.execute("commit")
    return tallies, found, findings


def _judge_rules(judge: Judge, tallies: list[Tally], found: list[Refusal]) -> list[Finding]:
    """Great Expectations' verdict on the rule summary; it and SQL must agree whether anything is refused."""
    from dropout.contracts.suites import summary_suite

    findings = judge.judge("rule_summary", summary_suite([t.contract for t in tallies if t.rows]))
    if bool(found) != any(f.severity == "critical" and not f.is_met for f in findings):
        raise ContractError("SQL and Great Expectations do not find the same dataset rules broken", remedy=DEFECT)
    return findings


def _refuse(con: duckdb.DuckDBPyConnection, deliveries: list[int]) -> None:
    """Puts the deliveries aside that broke a refusing rule, with what was found in them."""
    for name in FINDINGS:
        con.execute(
            f"insert into refused_{name} from staging.checked.{name} where list_contains(?, delivery_no)",
            [deliveries],
        )
    con.execute("insert into refused select unnest(?)", [deliveries])


def _again(con: duckdb.DuckDBPyConnection, judge: Judge, tally: Tally) -> list[Finding]:
    """The clean rows once more by Great Expectations; ContractError where it disagrees with the SQL pass."""
    from dropout.contracts.suites import clean_suite, unique_suite

    table = tally.contract.table
    con.execute(f"create or replace temp view clean_{table} as select * from staging.checked.{table}")
    findings = judge.judge(f"clean_{table}", clean_suite(tally.contract, tally.clean))
    con.execute(f"create or replace temp table keys_{table} as {key_counts(tally.contract, f'clean_{table}')}")
    findings += judge.judge(f"keys_{table}", unique_suite(tally.contract))
    con.execute(f"drop view clean_{table}")
    for finding in findings:
        if finding.severity == "critical" and not finding.is_met:
            raise ContractError(
                f"{finding.unexpected_count:,} clean rows do not meet {finding.rule}",
                where=f"{table}.{finding.column}" if finding.column else table,
                cause="Great Expectations disagrees with the SQL checks.",
                remedy=DEFECT,
            )
    return findings


def _record(con: duckdb.DuckDBPyConnection) -> None:
    """Writes into the warehouse how each delivery fared, and what was wrong with the refused ones."""
    con.execute("begin")
    for name in FINDINGS:
        con.execute(f"delete from ops.{name} where delivery_no in (select delivery_no from refused)")
        con.execute(f"insert into ops.{name} select * from refused_{name}")
    con.execute(
        "update ops.delivery set status = if(delivery_no in (from refused), 'refused', 'checked') "
        "where delivery_no in (from tonight)"
    )
    con.execute("commit")


def _error(refusals: list[Refusal]) -> ContractError:
    shown = refusals[:SHOWN]
    rules = {refusal.rule: find_rule(refusal.table, refusal.rule) for refusal in shown}
    more = f"\n… and {len(refusals) - SHOWN} more" if len(refusals) > SHOWN else ""
    return ContractError(
        "\n".join(refusal.words() for refusal in shown) + more,
        where=", ".join(dict.fromkeys(r.files for r in shown if r.files)),
        cause=" ".join(rule.says for rule in rules.values()),
        remedy=" ".join(rule.remedy for rule in rules.values()),
    )
