"""How an attendance file speaks: of everybody, of exceptions, of presences, or in totals."""

from dataclasses import dataclass

from dropout.extracts.draft.codes import CodeGuess
from dropout.extracts.draft.columns import Column
from dropout.extracts.draft.named import name_words
from dropout.extracts.draft.samples import Group
from dropout.extracts.draft.synonyms import load_synonyms, tokens
from dropout.extracts.source import Mode, folded

MOSTLY = 0.5


@dataclass(frozen=True)
class ModeGuess:
    """The mode and why; `stands_for` is what each row means where no column says it."""

    mode: Mode
    why: str
    stands_for: str = ""


def guess_mode(guess: CodeGuess | None, column: Column | None, group: Group) -> ModeGuess:
    """The mode of an attendance file, from the share of rows that say present, else from the words of its name."""
    if column is None or not column.filled:
        return _by_name(group)
    present = _present_rows(guess, column)
    share = present / column.filled
    said = f"{present:,} of {column.filled:,} rows say present"
    if share == 1:
        return ModeGuess("presence", f"{said}, and none says anything else")
    if share >= MOSTLY:
        return ModeGuess("full", said)
    if not present:
        return ModeGuess("exceptions", "no row says present")
    return ModeGuess("exceptions", f"only {said}")


def _present_rows(guess: CodeGuess | None, column: Column) -> int:
    ours = guess.codes if guess and (guess.codes or guess.unsettled or guess.hidden) else {text: text for text in column.values}
    present = {folded(code) for code, word in ours.items() if word == "present"}
    return sum(count for text, count in column.values.items() if folded(text) in present)


def _by_name(group: Group) -> ModeGuess:
    words = name_words(group.names)
    for ours, spellings in load_synonyms().row_means.items():
        if words & {"".join(tokens(s)) for s in spellings}:
            mode: Mode = "presence" if ours == "present" else "exceptions"
            return ModeGuess(mode, "the file has no status, and its name speaks of this", ours)
    return ModeGuess("exceptions", "the file has no status column")
