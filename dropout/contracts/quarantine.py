"""What `dropout quarantine` shows: rows left out, by delivery, table and rule, with a place to look at."""

from dataclasses import dataclass

import duckdb

from dropout.contracts.rules import find_rule
from dropout.resources import sql


@dataclass(frozen=True)
class QuarantineLine:
    """Rows of one delivery and table that broke one rule; a row that broke two rules counts in both.

    `place` is the file and line of the first of them. No value of a row is in here.
    """

    delivery: str
    status: str
    table: str
    rule: str
    row_count: int
    place: str
    says: str
    remedy: str


def quarantine_summary(con: duckdb.DuckDBPyConnection) -> list[QuarantineLine]:
    """All of ops.quarantine by delivery, table and rule, in the order of the deliveries' names."""
    lines = []
    for row in con.execute(sql("checks/quarantine_by_rule")).fetchall():
        delivery, status, table, name, row_count, place = row
        rule = find_rule(table, name)
        lines.append(QuarantineLine(delivery, status, table, name, row_count, place, rule.says, rule.remedy))
    return lines
