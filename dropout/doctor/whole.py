"""Whether key, databases, models, publication and audit log are whole and belong together."""

import shutil
from collections.abc import Callable
from dataclasses import replace

import duckdb

from dropout.doctor.finding import Finding, of_error
from dropout.errors import DropoutError
from dropout.model.registry import load
from dropout.monitor.night import current
from dropout.privacy import pseudonym
from dropout.privacy.audit_verify import verify
from dropout.privacy.keys import read_key
from dropout.publish import manifest
from dropout.settings import Deployment
from dropout.warehouse.connect import read_only

MIB = 1 << 20
Check = Callable[[duckdb.DuckDBPyConnection, Deployment], list[Finding]]


def examine_disk(deployment: Deployment) -> list[Finding]:
    """A new key, and forgetting, build each database and the publication a second time, and a night spills beside them."""
    now = current(deployment)
    files = [deployment.warehouse, deployment.identity, *(now.folder.rglob("*") if now else ())]
    needed = sum(path.stat().st_size for path in files if path.is_file()) // MIB + deployment.settings.intake.memory_mb
    free = shutil.disk_usage(deployment.root).free // MIB
    if free >= needed:
        return []
    remedy = "Make room on the disk of the deployment; published/ keeps as many generations as night.keep_generations says."
    return [Finding("disk", ".", f"{free} MiB are free, and {needed} are needed", remedy)]


def examine_key(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> list[Finding]:
    """The key can be read, and every pseudonym of the identity store follows from it."""
    key = read_key(deployment)
    if not deployment.identity.exists():
        return []
    with read_only(con, deployment.identity, "identity_seen"):
        known = con.execute(
            "select count(*) from duckdb_tables() where database_name = 'identity_seen' and table_name = 'student'"
        ).fetchall()[0][0]
        if not known:
            return []
        pseudonym.install(con, key)
        (astray,) = con.execute(
            "select count(*) from identity_seen.student where student_key <> pseudonym(student_id)"
        ).fetchall()[0]
    remedy = "Restore the identity.duckdb that goes with this warehouse and this key."
    return [Finding("key", "identity.duckdb", f"{astray} pseudonyms were made with another key", remedy)] if astray else []


def examine_models(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> list[Finding]:
    """Every model in force has its seal, loads, and gives the chances it gave when it was made."""
    versions = con.execute("select version from ops.model where status = 'promoted' order by version").fetchall()
    findings = []
    for (version,) in versions:
        try:
            load(deployment, version)
        except DropoutError as error:
            findings.append(of_error("model", error))
    return findings


def examine_publication(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> list[Finding]:
    """What `published/current` points at is there, and every file of it is the one that was published."""
    remedy = "Publish again: dropout publish --date DATE"
    now = current(deployment)
    if now:
        try:
            manifest.verify(now.folder)
        except DropoutError as error:
            return [replace(of_error("publication", error), remedy=remedy)]
        return []
    (count,) = con.execute("select count(*) from ops.generation").fetchall()[0]
    if not count:
        return []
    what = "nothing is there, though something was published"
    return [Finding("publication", "published/current", what, remedy)]


def examine_audit(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> list[Finding]:
    """The audit log is the one that was written."""
    found = verify(con, deployment)
    remedy = "Somebody changed the log, or put an older copy in its place. Compare it with a copy kept elsewhere."
    findings = [Finding("audit", "audit/audit.jsonl", fault, remedy) for fault in found.faults]
    if found.is_torn:
        what = "the last line has no end: a crash tore it"
        findings.append(Finding("audit", "audit/audit.jsonl", what, "The next run closes it and vouches for it: dropout nightly"))
    return findings


def examine_runs(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> list[Finding]:
    """No run is open in the ledger, now that nobody holds the lock."""
    rows = con.execute("select kind from ops.run where status = 'running' order by started_at").fetchall()
    return [Finding("run", "warehouse.duckdb", f"a run ({kind}) died", f"Run it again: dropout {kind}") for (kind,) in rows]


CHECKS: dict[str, Check] = {
    "key": examine_key,
    "models": examine_models,
    "publication": examine_publication,
    "audit log": examine_audit,
    "runs": examine_runs,
}
