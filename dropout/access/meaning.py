"""What tables and columns mean, gathered from where each is described: contracts, feature catalogue, analysts' dictionary."""

from functools import cache
from pathlib import Path

from dropout.contracts.contract import Contract, load_contracts
from dropout.contracts.ddl import META
from dropout.features.catalogue import load_catalogue
from dropout.publish.marts import load_marts
from dropout.strict import Strict, read_yaml

FILE = Path(__file__).with_name("meaning.yaml")
MARTS = ("student_risk", "student_reason")


class Meanings(Strict):
    """The layout of meaning.yaml: tables by schema and name, whole schemas, and columns by name."""

    tables: dict[str, str]
    schemas: dict[str, str]
    columns: dict[str, str]


@cache
def load_meanings() -> Meanings:
    """The meanings as shipped; raises SettingsError for an unknown key."""
    return read_yaml(FILE, Meanings)


def of_table(name: str) -> str:
    """What table `schema.name` holds; empty where nobody described it."""
    schema, _, table = name.partition(".")
    words = load_meanings()
    said = [words.tables.get(name, ""), words.schemas.get(schema, ""), _contract_says(table)]
    return " ".join(part for part in said if part) if schema != "core" else _contract_says(table)


def of_column(table: str, column: str) -> str:
    """What a column means; the contract's own words first, empty where nobody described it."""
    contract = load_contracts().get(table.partition(".")[2])
    own = contract.columns.get(column) if contract else None
    return own.description if own else _elsewhere().get(column, "")


def personal(table: str, column: str) -> str:
    """The contract's class of a column: none, pseudonym, sensitive or identity; empty where no contract has it."""
    contract = load_contracts().get(table.partition(".")[2])
    own = contract.columns.get(column) if contract else None
    return own.pii if own else ""


def _contract_says(table: str) -> str:
    contract: Contract | None = load_contracts().get(table)
    return contract.description if contract else ""


@cache
def _elsewhere() -> dict[str, str]:
    """Columns by name, where no contract of the table's own has them; names mean the same everywhere (design.md)."""
    columns: dict[str, str] = {}
    for contract in load_contracts().values():
        columns = {name: c.description for name, c in contract.columns.items()} | columns
    columns |= {f.name: f.meaning for f in load_catalogue().features}
    for mart in MARTS:
        columns |= load_marts()[mart].columns
    columns |= {name: words for name, (_, words) in META.items()}
    return columns | load_meanings().columns
