"""What should have gone long ago: of runs that were killed, and what was written for somebody to take away."""

from dropout.doctor.finding import Finding
from dropout.settings import Deployment
from dropout.warehouse import lock, swap

NEXT_RUN = "The next run clears it: dropout nightly"
PLACES = (  # pattern below the deployment, what it is, what to do
    ("published/generations/.*.partial", "half of a generation", NEXT_RUN),
    ("models/.*.partial", "half of a model", "Run the season again: dropout season"),
    ("models/candidate-*", "a season that was not finished; it has the rows of pupils", "Finish or repeat it: dropout season"),
    ("raw/.landing*", "half of a delivery", NEXT_RUN),
    ("secrets/forgetting.json", "a pupil is forgotten in part", "The next run finishes it: dropout nightly"),
    ("work/handed_out/*", "copies and sheets written for a family", "Hand them over, then remove them."),
)


def examine_leftovers(deployment: Deployment) -> list[Finding]:
    """A finding for each kind of leftover, with how many there are. The caller holds the lock: nothing here is in use."""
    work, built = lock.leftovers(deployment), swap.leftovers(deployment.root)
    findings = [Finding("leftover", "work", f"{len(work)} of a run that was killed", NEXT_RUN)] if work else []
    if built:
        findings.append(Finding("leftover", "*.next", f"{len(built)} files of a rotation that was killed", NEXT_RUN))
    for pattern, what, remedy in PLACES:
        count = len(list(deployment.root.glob(pattern)))
        if count:
            findings.append(Finding("leftover", pattern, f"{count}: {what}", remedy))
    return findings
