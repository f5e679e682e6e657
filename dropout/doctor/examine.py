"""examine: everything the doctor looks at, in order; nothing is changed but modes, and these only when mending is asked for."""

from dataclasses import dataclass

from dropout.doctor.finding import Finding, of_error
from dropout.doctor.left import examine_leftovers
from dropout.doctor.modes import examine_modes, mend
from dropout.doctor.whole import CHECKS, examine_disk
from dropout.errors import DropoutError, LockedError
from dropout.settings import Deployment
from dropout.warehouse import swap
from dropout.warehouse.connect import connect
from dropout.warehouse.lock import held


@dataclass(frozen=True)
class Examined:
    """What is to be done, what was mended, and what was looked at."""

    findings: tuple[Finding, ...]
    mended: tuple[str, ...]
    looked_at: tuple[str, ...]


def examine(deployment: Deployment, *, is_mending: bool = False) -> Examined:
    """Looks at modes and disk, and, unless a run holds the deployment, at leftovers, key, models, publication and audit log."""
    mended = mend(deployment) if is_mending else []
    findings, looked_at = [*examine_modes(deployment), *examine_disk(deployment)], ["modes", "disk"]
    try:
        with held(deployment):
            if swap.is_promised(deployment.root):
                what = "a change of key or of files was cut short; the next command finishes it"
                findings.append(Finding("files", swap.JOURNAL, what, "dropout status"))
            else:
                findings += [*examine_leftovers(deployment), *_examine_databases(deployment)]
                looked_at += ["leftovers", *CHECKS]
    except LockedError as error:
        findings.append(of_error("lock", error))
    return Examined(tuple(findings), tuple(mended), tuple(looked_at))


def _examine_databases(deployment: Deployment) -> list[Finding]:
    findings: list[Finding] = []
    try:
        with connect(deployment) as con:
            for about, check in CHECKS.items():
                try:
                    findings += check(con, deployment)
                except DropoutError as error:
                    findings.append(of_error(about, error))
    except DropoutError as error:
        findings.append(of_error("warehouse", error))
    return findings
