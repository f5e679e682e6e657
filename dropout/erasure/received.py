"""Received files without the lines of forgotten pupils, found by their numbers and by what the ledger knows."""

from collections import Counter, defaultdict
from string import Template

import duckdb

from dropout.access.held import KEY
from dropout.contracts.ddl import quoted
from dropout.erasure.cut import cut, lines_of
from dropout.erasure.spellings import TELLING
from dropout.extracts.suppressed import of_forgotten, words_of
from dropout.resources import sql
from dropout.settings import Deployment

Lines = dict[tuple[str, str], set[int]]  # (folder of the delivery, file in it) → lines
IN_QUARANTINE = "list_contains($keys::bigint[], try_cast(r.row_data->>'$.student_key' as bigint))"


def lines_of_students(con: duckdb.DuckDBPyConnection, keys: list[int]) -> Lines:
    """The lines from which rows of these pupils came, as far as rows are kept: also where the number is misspelt."""
    tables = con.execute(
        "select table_name from duckdb_columns() where database_name = current_database() and schema_name = 'core' "
        "and column_name = ? order by 1",
        [KEY],
    ).fetchall()
    sources = [(f"core.{quoted(t)}", f"list_contains($keys::bigint[], r.{KEY})") for (t,) in tables]
    found: Lines = defaultdict(set)
    for table, condition in [*sources, ("ops.quarantine", IN_QUARANTINE)]:
        statement = Template(sql("forget/line_of_student")).safe_substitute(table=table, condition=condition)
        for folder, file, line in con.execute(statement, {"keys": keys}).fetchall():
            found[folder, file].add(line)
    return found


def take_out(con: duckdb.DuckDBPyConnection, deployment: Deployment, numbers: list[str], lines: Lines) -> dict[str, int]:
    """Cuts `numbers` and `lines` out of every file of `raw/`; counts the files cut, removed, and left until they are loaded.

    A file whose path has a number in it is removed whole.
    """
    statuses = dict(con.execute("select delivery_id, status from ops.delivery").fetchall())
    telling, short = _parted(numbers)
    outcomes: Counter[str] = Counter()
    for path in sorted(p for p in deployment.raw.glob("[!.]*/**/*") if p.is_file() and not p.is_symlink()):
        folder, *rest = path.relative_to(deployment.raw).parts
        file, is_loaded = "/".join(rest), statuses.get(folder) in ("loaded", "refused")
        if is_loaded and any(number in file for number in telling):
            path.unlink()
            outcome = "removed"
        else:
            outcome = cut(deployment.raw, path, telling, lines.get((folder, file), ()), is_loaded=is_loaded)
            if short and outcome in ("clean", "cut"):
                outcome = max(outcome, cut(deployment.raw, path, short, is_loaded=is_loaded, is_blunt=True))
        outcomes[outcome] += 1
        _note(con, folder, file, outcome)
    return {f"files_{name}": outcomes[name] for name in ("cut", "removed", "left")}


def cut_suppressed(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> dict[str, int]:
    """Cuts what was dropped at the door out of the loaded deliveries that brought it. Needs `suppressed.prepare`.

    The numbers are read off the lines that are about to go, and looked for in the other files of the delivery.
    """
    waiting = con.execute(sql("forget/suppressed_line")).fetchall()
    lines: Lines = defaultdict(set)
    for folder, file, line in waiting:
        lines[folder, file].add(line)
    outcomes: Counter[str] = Counter()
    for folder in sorted({folder for folder, _ in lines}):
        home = deployment.raw / folder
        mine = {file: found for (name, file), found in lines.items() if name == folder}
        texts = [t for file, found in sorted(mine.items()) if (home / file).is_file() for t in lines_of(home / file, found)]
        telling, _ = _parted(sorted(of_forgotten(con, set().union(*map(words_of, texts)))))
        for path in sorted(p for p in home.rglob("*") if p.is_file() and not p.is_symlink()):
            file = path.relative_to(home).as_posix()
            if any(number in file for number in telling):
                path.unlink()
            outcome = cut(deployment.raw, path, telling, mine.get(file, ())) if path.exists() else "removed"
            outcomes[outcome] += 1
            _note(con, folder, file, outcome)
        for file in mine:
            _note(con, folder, file, "cut" if (home / file).is_file() else "removed")
    return {f"files_{name}": outcomes[name] for name in ("cut", "removed")}


def _parted(numbers: list[str]) -> tuple[list[str], list[str]]:
    """Numbers that are told from other numbers in a line, and those too short for it."""
    return [n for n in numbers if len(n) >= TELLING], [n for n in numbers if len(n) < TELLING]


def _note(con: duckdb.DuckDBPyConnection, folder: str, file: str, outcome: str) -> None:
    """What became of a received file, once."""
    if outcome not in ("cut", "removed"):
        return
    con.execute(
        "insert into ops.raw_cut select delivery_no, ?, ?, now()::timestamp from ops.delivery where delivery_id = ? and "
        "not exists (from ops.raw_cut as c where c.delivery_no = ops.delivery.delivery_no and c.file = ? and c.is_removed = ?)",
        [file, outcome == "removed", folder, file, outcome == "removed"],
    )
