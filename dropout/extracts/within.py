"""Which rows a full file speaks of: those that share a value of its `within` columns with one of its rows."""

from dropout.contracts.contract import Contract
from dropout.contracts.ddl import quoted
from dropout.errors import SettingsError

SCHOOL = "school_id"
OWNERS = ("student_key", "class_id")  # whose enrolments tell the school of a row that does not name it


def scope_columns(contract: Contract, within: list[str], where: str) -> tuple[str, ...]:
    """Our columns for the names in `within`; a name may be that of the extract, and `school_id` is found through enrolments.

    Raises SettingsError for a column that the table neither has nor can find.
    """
    names = {column.source or name: name for name, column in contract.warehouse_columns.items()}
    names |= {name: name for name in contract.warehouse_columns}
    if set(OWNERS) & set(contract.warehouse_columns):
        names.setdefault(SCHOOL, SCHOOL)
    unknown = [name for name in within if name not in names]
    if unknown:
        raise SettingsError(
            f"within: {contract.table} has no {', '.join(unknown)}", where=where, remedy=f"One of: {', '.join(sorted(names))}."
        )
    return tuple(dict.fromkeys(names[name] for name in within))


def placed(contract: Contract, relation: str, within: tuple[str, ...]) -> str:
    """`relation` as a subquery that has every column of `within`: the row's school, or, with none, its file's source.

    The school is that of all enrolments of the pupil (or class), or of those on the row's event date, as they are
    known now; NULL where that leaves more than one. Needs temp table `spell`.
    """
    if not within:
        return (
            "(select r.*, coalesce(f.source, d.source) as source from "
            f"{relation} as r left join ops.file as f on r.file_id = f.file_id "
            "left join ops.delivery as d on r.delivery_no = d.delivery_no)"
        )
    if SCHOOL in contract.warehouse_columns or SCHOOL not in within:
        return f"(select * from {relation})"
    owner, school = owner_of(contract), "if(len(p.schools) = 1, p.schools[1], null)"
    if contract.event_date:
        on_day = (
            f"list_filter(p.spells, lambda e: e.entry_date <= r.{quoted(contract.event_date)} "
            f"and (e.exit_date is null or e.exit_date >= r.{quoted(contract.event_date)}))"
        )
        claims = f"list_distinct(list_transform({on_day}, lambda e: e.school_id))"
        school = f"case when len(p.schools) = 1 then p.schools[1] when len({claims}) = 1 then ({claims})[1] end"
    return f"(select r.*, {school} as {SCHOOL} from {relation} as r left join spell as p on r.{owner} = p.{owner})"


def owner_of(contract: Contract) -> str:
    """The column whose enrolments tell a row's school."""
    return next(name for name in OWNERS if name in contract.warehouse_columns)
