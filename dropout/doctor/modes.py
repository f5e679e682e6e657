"""Who else may read or write the files of a deployment: modes are held against what each place allows, and mended."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dropout.doctor.finding import Finding
from dropout.settings import Deployment

OWN = 0o077  # bits that nobody but the owner may have
NO_OTHERS = 0o027  # the group may read
NO_WRITING = 0o022  # everybody may read
MEND = "dropout doctor --mend"


@dataclass(frozen=True)
class Rule:
    """Paths that match `pattern`, and with `is_tree` all that lies in them, may have none of the bits of `denied`."""

    pattern: str
    denied: int
    is_tree: bool = False


RULES = (
    Rule(".", NO_WRITING),  # whoever can write here can put another deployment in its place
    Rule("dropout.toml", NO_WRITING),
    *(Rule(name, OWN, is_tree=True) for name in ("secrets", "raw", "models", "work", "audit")),
    *(Rule(name, OWN) for name in ("warehouse.duckdb*", "identity.duckdb*", ".lock", ".swap.json*")),
    Rule("inbox", 0o007),  # the group may be that of the senders
    Rule("sources", NO_WRITING, is_tree=True),  # a source says what becomes of an extract
    Rule("published", NO_OTHERS),
    Rule("published/generations", NO_OTHERS),
    Rule("published/generations/[!.]*", NO_OTHERS),
    Rule("published/generations/[!.]*/[!l]*", NO_OTHERS),
    Rule("published/generations/*/lists", OWN, is_tree=True),
    Rule("published/generations/.*", OWN),
)


def examine_modes(deployment: Deployment) -> list[Finding]:
    """A finding for each rule that is broken: how many files and folders are too open, and how open; none of them by name."""
    findings = []
    for rule in RULES:
        open_ones = [mode for _, mode in _too_open(deployment.root, rule)]
        if open_ones:
            worst = max(open_ones, key=lambda mode: (mode & rule.denied & 0o007, mode & rule.denied))
            who = "anybody" if worst & rule.denied & 0o007 else "the group"
            may = "write" if worst & rule.denied & 0o022 else "read"
            count = f"{len(open_ones)} files or folders" if len(open_ones) > 1 else "one file or folder"
            findings.append(Finding("modes", rule.pattern, f"{who} may {may} {count}: up to {worst:04o}", MEND))
    return findings + _owners(deployment.root)


def mend(deployment: Deployment) -> list[str]:
    """Takes away the bits that each rule denies; returns a line for each rule that was broken. Owners stay as they are."""
    lines = []
    for rule in RULES:
        open_ones = _too_open(deployment.root, rule)
        for path, mode in open_ones:
            path.chmod(mode & ~rule.denied)
        if open_ones:
            lines.append(f"{rule.pattern}: modes of {len(open_ones)}")
    return lines


def _too_open(root: Path, rule: Rule) -> list[tuple[Path, int]]:
    return [(path, mode) for path, mode in _modes(root, rule) if mode & rule.denied]


def _modes(root: Path, rule: Rule) -> Iterator[tuple[Path, int]]:
    """Paths that a rule is about, with their modes; links are passed over, for they have none of their own."""
    for top in [root] if rule.pattern == "." else sorted(root.glob(rule.pattern)):
        below = (Path(folder) / name for folder, folders, files in os.walk(top) for name in (*folders, *files))
        for path in (top, *(below if rule.is_tree else ())):
            found = path.lstat()
            if not stat.S_ISLNK(found.st_mode):
                yield path, stat.S_IMODE(found.st_mode)


def _owners(root: Path) -> list[Finding]:
    """A night run once as another user leaves files that the next one cannot open, or that stay in that user's hands."""
    owner = root.stat().st_uid
    remedy = f"As the system's administrator: chown -R --reference={root} on the place named."
    findings = []
    for rule in RULES:
        strange = sum(path.lstat().st_uid != owner for path, _ in _modes(root, rule) if path != root and rule.denied == OWN)
        if strange:
            findings.append(Finding("owner", rule.pattern, f"{strange} files or folders belong to another user", remedy))
    return findings
