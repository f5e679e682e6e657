"""Contracts as SQL: the statements that find broken rows, part them from the clean ones, and count."""

from collections.abc import Iterable, Sequence
from string import Template

from dropout.contracts.contract import Contract
from dropout.contracts.ddl import literal, quoted
from dropout.contracts.rules import DUPLICATE_KEY, Rule, dataset_rules
from dropout.resources import sql

NUMBERS = ("DOUBLE", "INTEGER")  # columns of measures; pseudonyms are BIGINT
LONG_NUMBER = 999_999  # more than any mark, minutes or places; a phone or a student's number is longer

# The statements read these temporary tables:
#   tonight(delivery_no)   the deliveries that are being checked
#   refused(delivery_no)   those of them that a dataset rule has refused
#   broken                 what `violations` gave for the table at hand


def judged(contract: Contract, rules: Sequence[Rule], refused: Sequence[int]) -> str:
    """One row per row of `staging.read.<table>` that broke one of `rules`: row_no (its rowid), delivery_no, rules, warnings."""
    holds = {rule.name: f"holds_{number}" for number, rule in enumerate(rules)}
    return _filled(
        "judged",
        contract,
        holds=", ".join(f"({rule.holds}) as {holds[rule.name]}" for rule in rules),
        quarantine=_names_of_broken(holds, rules, "quarantine"),
        warn=_names_of_broken(holds, rules, "warn"),
        any_broken=" or ".join(f"not {flag}" for flag in holds.values()),
        refused=_numbers(refused),
    )


def crowded(contract: Contract, refused: Sequence[int]) -> str:
    """Groups of rows in which a key may stand twice; see `packed_day`."""
    group, is_crowded = _list([*contract.key, "known_at", "delivery_no"]), "count(*) > 1"
    if packed := packed_day(contract):
        block, bits = packed
        group = f"{_list([*_beside_the_day(contract), 'known_at', 'delivery_no'])}, {block} as block"
        is_crowded = f"count(*) is distinct from bit_count({bits})::bigint"
    return _filled("crowded", contract, group=group, is_crowded=is_crowded, refused=_numbers(refused))


def key_counts(contract: Contract, rows: str) -> str:
    """Per group of query or table `rows`: how many rows, and how many keys; for a key with a date, per 63 days of it."""
    group, keys = _list([*contract.key, "known_at", "delivery_no"]), "1"
    if packed := packed_day(contract):
        block, keys = packed[0], f"bit_count({packed[1]})"
        group = f"{_list([*_beside_the_day(contract), 'known_at', 'delivery_no'])}, {block}"
    return f"select count(*) as row_count, {keys}::bigint as key_count from {rows} group by {group}"


def repeated_key(contract: Contract, refused: Sequence[int]) -> str:
    """Keys that stand in several rows of one delivery, known at the same time; reads `crowded`."""
    packed = packed_day(contract)
    names = [*(_beside_the_day(contract) if packed else contract.key), "known_at", "delivery_no"]
    same = [f"r.{quoted(name)} is not distinct from c.{quoted(name)}" for name in names]
    same += [f"{packed[0]} is not distinct from c.block"] if packed else []
    return _filled("repeated_key", contract, key=_list(contract.key), is_same=" and ".join(same), refused=_numbers(refused))


def violations(contract: Contract, refused: Sequence[int]) -> str:
    """One row per row of `staging.read.<table>` in `judged`, or whose key is in `repeated_key`.

    Columns: row_no (its rowid), delivery_no, rules and warnings (lists of names), is_broken (counts against
    the delivery; a harmless repetition does not).
    """
    content = [name for name in contract.warehouse_columns if name not in contract.key]
    return _filled(
        "violations",
        contract,
        key=_list(contract.key),
        key_of_a=_list(contract.key, "a."),
        content=_list(content, "a.") or "null",
        refused=_numbers(refused),
    )


def packed_day(contract: Contract) -> tuple[str, str] | None:
    """SQL for the block of 63 days a row lies in, and for the days of a group of rows as bits; None where the key has no date.

    Of rows that share the rest of their key and their block, no two have the same day exactly when there are as
    many as their bits hold ones. That costs a group per student and two months, not one per row.
    """
    day = next((name for name in contract.key if contract.columns[name].type == "DATE"), None)
    if day is None:
        return None
    number = f"({quoted(day)} - date '1900-01-01')"
    return f"{number} // 63", f"bit_or(1::bigint << (({number} % 63 + 63) % 63)::integer)"


def _beside_the_day(contract: Contract) -> list[str]:
    return [name for name in contract.key if contract.columns[name].type != "DATE"]


def clean(contract: Contract, refused: Sequence[int]) -> str:
    """The rows of `staging.read.<table>` whose delivery is not `refused`, and that are not in `staging.checked.broken`."""
    return _filled("clean", contract, refused=_numbers(refused))


def quarantine(contract: Contract) -> str:
    """The rows in `broken` as rows of ops.quarantine; without numbers so long that they could be a phone or a student's."""
    named = ", ".join(f"{quoted(name)} := {_content(contract, name)}" for name in contract.warehouse_columns)
    return _filled("quarantine", contract, content_by_name=named)


def _content(contract: Contract, name: str) -> str:
    """A column's value as it is set aside; a key is how a row is known again, and stays as it is."""
    value = f"r.{quoted(name)}"
    is_number = contract.warehouse_columns[name].type in NUMBERS and name not in contract.key
    return f"if({value} between -{LONG_NUMBER} and {LONG_NUMBER}, {value}, null)" if is_number else value


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


def _numbers(deliveries: Sequence[int]) -> str:
    """Delivery numbers as a list that is never empty; no delivery has the number 0."""
    return ", ".join(map(str, [0, *deliveries]))


def _list(names: Iterable[str], prefix: str = "") -> str:
    return ", ".join(prefix + quoted(name) for name in names)


def _values(rules: Iterable[Rule]) -> str:
    return ", ".join(f"({literal(rule.name)}, {literal(rule.severity)})" for rule in rules)
