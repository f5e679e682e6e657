"""What a contract demands, as rules: those of its columns, of its references, and those written down."""

from dataclasses import dataclass
from typing import Literal

from dropout.contracts.contract import Column, Contract, load_contracts
from dropout.contracts.ddl import literal, quoted

Severity = Literal["quarantine", "refuse", "warn"]


@dataclass(frozen=True)
class Rule:
    """`holds` is SQL that is true of good data; NULL counts as good. Words: what is wrong and what to do."""

    name: str
    holds: str
    severity: Severity
    says: str
    remedy: str


DUPLICATE_KEY = Rule(
    "duplicate_key",
    "",  # judged over all rows, see sql/checks/violations.sql
    "quarantine",
    "Another row of the same key came at the same time; the last one that breaks no rule was kept.",
    "Export each record once; if the rows differ, correct the wrong one in the school system.",
)
TOO_MANY_BROKEN = Rule(
    "too_many_broken",
    "",
    "refuse",
    "More rows are broken than the setting contracts.broken_at_most allows.",
    "Correct the export and deliver it again; `dropout quarantine` shows file and line by rule.",
)
TOO_MANY_REJECTS = Rule(
    "too_many_rejects",
    "",
    "refuse",
    "More lines could not be read than the setting contracts.broken_at_most allows.",
    "Compare the file's dates, numbers and codes with the source description; deliver it again.",
)
FILE_WITHOUT_ROWS = Rule(
    "file_without_rows",
    "",
    "warn",
    "The file holds a header and nothing else.",
    "Nothing, if nothing happened; else export it again.",
)
# one broken line of a three-line file is no broken export: fewer than this never refuse a delivery
FEW = 10


def row_rules(contract: Contract, absent: frozenset[str] = frozenset()) -> tuple[Rule, ...]:
    """The rules that each row can be judged by alone; references to a table in `absent` are left out."""
    return (
        *(rule for name, column in contract.warehouse_columns.items() for rule in _of_column(name, column)),
        *_of_references(contract, absent),
        *(Rule(r.name, r.holds, r.severity, r.says, r.remedy) for r in contract.row_rules),
    )


def dataset_rules(contract: Contract) -> tuple[Rule, ...]:
    """The rules that all rows of a delivery are judged by together."""
    written = (Rule(r.name, r.holds, r.severity, r.says, r.remedy) for r in contract.dataset_rules)
    return (TOO_MANY_BROKEN, *written)


def find_rule(table: str, name: str) -> Rule:
    """Rule `name` of `table`, for its words; the file rules stand for every table."""
    everywhere = (DUPLICATE_KEY, TOO_MANY_REJECTS, FILE_WITHOUT_ROWS)
    contract = load_contracts().get(table)
    own = (*row_rules(contract), *dataset_rules(contract)) if contract else ()
    return next(rule for rule in (*own, *everywhere) if rule.name == name)


def _of_column(name: str, column: Column) -> list[Rule]:
    field, rules = quoted(name), []
    if not column.nullable:
        rules.append(
            Rule(
                f"{name}_missing",
                f"{field} is not null",
                "quarantine",
                f"Column {name} is empty.",
                f"Fill {column.source or name} in the school system.",
            )
        )
    if column.values:
        words = ", ".join(column.values)
        rules.append(
            Rule(
                f"{name}_not_in_set",
                f"{field} in ({', '.join(map(literal, column.values))})",
                column.severity,
                f"Column {name} holds a code that is none of: {words}.",
                "Correct the code, or map it in the source description.",
            )
        )
    if column.min is not None or column.max is not None:
        bounds = [f"{field} >= {literal(column.min)}"] if column.min is not None else []
        bounds += [f"{field} <= {literal(column.max)}"] if column.max is not None else []
        rules.append(
            Rule(
                f"{name}_out_of_range",
                " and ".join(bounds),
                column.severity,
                f"Column {name} lies outside {span(column)}.",
                f"Correct {column.source or name} in the school system.",
            )
        )
    return rules


def span(column: Column) -> str:
    """The range of a column in words."""
    if column.max is None:
        return f"{column.min} and above"
    return f"up to {column.max}" if column.min is None else f"{column.min} to {column.max}"


def _of_references(contract: Contract, absent: frozenset[str]) -> list[Rule]:
    return [
        Rule(r.name, _is_known(quoted(r.column), quoted(r.to)), r.severity, r.says, r.remedy)
        for r in contract.references
        if r.to not in absent
    ]


def _is_known(column: str, table: str) -> str:
    """True where `column` is in `table`, loaded or just found clean; a NULL among the known would make all NULL."""
    known = (f"select {column} from {place}.{table} where {column} is not null" for place in ("core", "staging.checked"))
    return f"{column} in ({' union '.join(known)})"
