"""What no table needs: listed under `ignored`, unless the headers could be people."""

from dropout.extracts.draft.codes import known_share
from dropout.extracts.draft.columns import Column
from dropout.extracts.draft.entry import Entry
from dropout.extracts.draft.yaml_text import Notes, Path

FEW_UNKNOWN = 8  # headers nobody knows that are listed without asking
PUPILS = 3  # columns of a register under headers that are no days: these may be pupils


def ignore(entries: list[Entry], notes: Notes, place: Path) -> None:
    """Lists in `entries`, all of the same files, the columns that none of them uses; what may be people is only counted."""
    free = _unused(entries)
    if not free:
        return
    used = len(entries[0].seen.group.columns) - len(free)
    is_safe = len(free) <= FEW_UNKNOWN or len(free) <= 2 * used
    if is_safe and sum(map(_is_register, free)) < PUPILS:
        for entry in entries:
            entry.record["ignored"] = [c.header for c in free]
        listed = ", ".join(f"'{c.header}'" for c in free)
        notes.ask(
            (*place, "ignored"),
            f"Nothing of these columns is read: {listed}. Is that so? One that is needed goes under `columns`.",
        )
        return
    notes.ask(
        (*place, "match"),
        f"{len(free)} headers are unknown and not shown, since they could be names. If nobody needs the columns, list them under "
        "`ignored`; if each is a pupil, the export has to be turned: a row per pupil and day.",
    )


def _unused(entries: list[Entry]) -> list[Column]:
    seen = entries[0].seen
    used = {fit.place for e in entries for fit in e.fit.fits.values()} | {seen.entered}
    used |= {place for e in entries if e.wide for place in e.wide.places}
    keys = {header for e in entries for header in e.record.get("keys", {}).values()}
    return [c for c in seen.group.columns if c.place not in used and c.header and c.header not in keys]


def _is_register(column: Column) -> bool:
    return known_share("status", "VARCHAR", column) >= 0.8
