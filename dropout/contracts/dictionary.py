"""The data dictionary: every table, column and rule of the contracts as one page of Markdown."""

from collections.abc import Iterable

from dropout.contracts.contract import Column, Contract, Retention, load_contracts
from dropout.contracts.ddl import META
from dropout.contracts.rules import DUPLICATE_KEY, Rule, dataset_rules, row_rules, span

HEAD = """\
# Data dictionary

Generated from `data_contracts/tables/` by `dropout.contracts.dictionary`; a test compares. Do not edit.

These are the tables of schema `core` in `warehouse.duckdb`. The canonical CSV source has the same tables and
columns; where a column has another name there, it stands in the column *in the extract*.

*Personal*: **pseudonym** stands for a person and is useless without the key; **sensitive** says something
of a person; **identity** names a person: it is in the extract and in `identity.duckdb`, and never in the
warehouse.

*Kept*: so long after the event date; students and enrolments, after the last enrolment ended. The night removes what is
older (`purge`).

*What happens*: **quarantine** keeps the row out and records file, line and rule; **warn** lets it in and
counts it; **refuse** keeps the whole delivery out.
"""


def dictionary() -> str:
    """The page, ending with a newline; the same contracts give the same bytes."""
    return "\n".join([HEAD, _contents(), *map(_table, load_contracts().values()), _every_table()])


def _contents() -> str:
    rows = [(f"[{c.table}](#{c.table})", c.grain, _yes(c.is_required)) for c in load_contracts().values()]
    return _markdown(("table", "grain", "required"), rows)


def _table(contract: Contract) -> str:
    parts = [f"## {contract.table}", "", f"{contract.title}: {contract.grain}. {contract.description}", ""]
    parts.append(f"Key: {', '.join(f'`{name}`' for name in contract.key)}.")
    if contract.event_date:
        parts[-1] += f" Bulk history takes `{contract.event_date}` as the date from which a row was known."
    if contract.retention:
        parts[-1] += f" {_kept(contract.retention)}"
    header = ("column", "type", "in the extract", "personal", "may be empty", "values", "meaning", "example")
    parts += ["", _markdown(header, [_column(name, c) for name, c in contract.columns.items()])]
    rules = (*row_rules(contract), DUPLICATE_KEY, *dataset_rules(contract))
    parts += [_markdown(("rule", "what happens", "what it says", "what to do"), map(_rule, rules))]
    return "\n".join(parts)


def _kept(retention: Retention) -> str:
    """How long rows are kept, as a sentence."""
    named = f"; names, number, birth date and phone {_years(retention.identity_years)}" if retention.identity_years else ""
    return f"Kept {_years(retention.years)}{named}."


def _years(count: int) -> str:
    return "1 year" if count == 1 else f"{count} years"


def _column(name: str, column: Column) -> tuple[str, ...]:
    values = ", ".join(column.values)
    if column.min is not None or column.max is not None:
        values = span(column)
    return (
        f"`{name}`",
        column.type.lower(),
        f"`{column.source}`" if column.source else "",
        "" if column.pii == "none" else column.pii,
        _yes(column.nullable),
        values,
        column.description,
        str(column.example).lower() if isinstance(column.example, bool) else str(column.example),
    )


def _rule(rule: Rule) -> tuple[str, ...]:
    return f"`{rule.name}`", rule.severity, rule.says, rule.remedy


def _every_table() -> str:
    rows = [(f"`{name}`", kind.lower(), words) for name, (kind, words) in META.items()]
    return "## In every table\n\n" + _markdown(("column", "type", "meaning"), rows)


def _markdown(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"
