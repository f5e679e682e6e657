"""Contracts as SQL: the statements that find broken rows, part them from the clean ones, and count."""

from collections.abc import Iterable, Sequence
from string import Template

from dropout.contracts.contract import Contract
from dropout.contracts.ddl import literal, quoted
from dropout.contracts.rules import DUPLICATE_KEY, Rule, dataset_rules
from dropout.resources import sql

# The statements read these temporary tables:
#   tonight(delivery_no)   the deliveries that are being checked
#   refused(delivery_no)   those of them that a dataset rule has refused
#   broken                 what `violations` gave for the table at hand


def violations(contract: Contract, rules: Sequence[Rule]) -> str:
    """One row per row of `staging.read.<table>` that broke one of `rules` or repeats a key.

    Columns: row_no (its rowid), delivery_no, rules and warnings (lists of names), is_broken (counts against
    the delivery; a harmless repetition does not).
    """
    holds = {rule.name: f"holds_{number}" for number, rule in enumerate(rules)}
    content = [name for name in contract.warehouse_columns if name not in contract.key]
    return _filled(
        "violations",
        contract,
        holds=", ".join(f"({rule.holds}) as {holds[rule.name]}" for rule in rules),
        quarantine=_names_of_broken(holds, rules, "quarantine"),
        warn=_names_of_broken(holds, rules, "warn"),
        any_broken=" or ".join(f"not {flag}" for flag in holds.values()),
        key=_list(contract.key),
        key_of_a=_list(contract.key, "a."),
        content=_list(content, "a.") or "null",
    )


def clean(contract: Contract) -> str:
    """The rows of `staging.read.<table>` that are not in `broken`."""
    return _filled("clean", contract)


def quarantine(contract: Contract) -> str:
    """The rows in `broken` as rows of ops.quarantine."""
    named = ", ".join(f"{quoted(name)} := r.{quoted(name)}" for name in contract.warehouse_columns)
    return _filled("quarantine", contract, content_by_name=named)


def rule_result(contract: Contract, rules: Sequence[Rule]) -> str:
    """Per delivery and row rule: rows and violations, as rows of ops.rule_result."""
    return _filled("rule_result", contract, rules=_values((*rules, DUPLICATE_KEY)))


def dataset_result(contract: Contract) -> str:
    """Per delivery and dataset rule: rows and violations, as rows of ops.rule_result."""
    rules = dataset_rules(contract)
    written = [(rule, f"holds_{number}") for number, rule in enumerate(rules) if rule.holds]
    return _filled(
        "dataset_result",
        contract,
        dataset_holds="".join(f", ({rule.holds}) as {flag}" for rule, flag in written),
        dataset_counts="".join(f" when {literal(r.name)} then coalesce(not d.{flag}, false)::bigint" for r, flag in written),
        dataset_rules=_values(rules),
    )


def _filled(name: str, contract: Contract, **parts: str) -> str:
    return Template(sql(f"checks/{name}")).substitute(table=contract.table, **parts)


def _names_of_broken(holds: dict[str, str], rules: Sequence[Rule], severity: str) -> str:
    names = [f"case when not {holds[r.name]} then {literal(r.name)} end" for r in rules if r.severity == severity]
    return ", ".join(names) or "null::varchar"


def _list(names: Iterable[str], prefix: str = "") -> str:
    return ", ".join(prefix + quoted(name) for name in names)


def _values(rules: Iterable[Rule]) -> str:
    return ", ".join(f"({literal(rule.name)}, {literal(rule.severity)})" for rule in rules)
