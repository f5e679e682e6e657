"""The recipe: which cohorts fit, calibrate and judge, always forward in time, by how many cohorts there are.

What is promoted is the recipe that was judged, rolled one cohort forward: the judged model never saw the cohort
it is judged on, and the promoted one learns from that cohort too.
"""

from typing import Literal

from dropout.country import Target
from dropout.model.search import Search
from dropout.settings import ModelSettings
from dropout.strict import Strict

Part = Literal["all", "a", "b"]  # halves of a cohort, drawn by cluster (Frame.cluster)
OUT_OF_FOLD = "out_of_fold"
FEWEST_EVENTS = 20  # a cohort with fewer students who left, or who stayed, is not used


class StateCount(Strict):
    """Snapshots of a cohort whose outcome is in one state (`outcomes.MEANING`), those left out too, and their students."""

    state: str
    snapshots: int
    students: int
    returned: int = 0  # of these students, enrolled again later; the label stays


class Cohort(Strict):
    """One school year of the frame; with `until`, the as-of dates of a running one whose outcomes are known (first_year.py)."""

    school_year: str
    start_date: str
    end_date: str
    students: int
    snapshots: int
    events: int  # students who left
    unknown_exits: int
    states: list[StateCount] = []  # what became of everybody enrolled, and who was left out and why: for the card
    until: str = ""  # the last of those as-of dates


class Stage(Strict):
    """Scores of one booster on one cohort or half of it; booster `out_of_fold`: scores of folds that had not seen the row."""

    booster: str
    school_year: str
    part: Part = "all"
    earlier: list[str] = []  # cohorts pooled with it, out of fold only

    @property
    def school_years(self) -> list[str]:
        """Every cohort of the stage, the earliest first."""
        return [*self.earlier, self.school_year]

    @property
    def folds_name(self) -> str:
        """Under which its out-of-fold scores are stored."""
        return " ".join([OUT_OF_FOLD, *self.school_years])


class Recipe(Strict):
    """Cohorts to boosters, and which of them calibrate, judge and are promoted. `fits` is empty without history."""

    name: str
    fits: dict[str, list[str]] = {}  # booster → cohorts it is fitted on; of a running one, what was seen (unseen.py)
    judged_calibrator: Stage | None = None
    judged: Stage | None = None
    judged_calibration: Stage | None = None  # where calibration is judged: a complete cohort
    is_outcome_so_far: bool = False  # `judged` is a running cohort, with what has been seen of it
    final_calibrator: Stage | None = None
    promoted: str = ""  # booster

    @property
    def folded(self) -> list[Stage]:
        """Stages that ask for out-of-fold scores, one of each set of cohorts."""
        stages = (self.judged_calibrator, self.judged, self.final_calibrator)
        return list({s.folds_name: s for s in stages if s is not None and s.booster == OUT_OF_FOLD}.values())


class Plan(Strict):
    """What `train` settled, for the verbs after it."""

    target: Target
    trained_as_of: str
    version: str
    latest_mature: str | None
    cohorts: list[Cohort]
    running: Cohort | None
    recipe: Recipe
    search: Search | None = None

    def settings(self, own: ModelSettings) -> ModelSettings:
        """What the boosters were fitted with: the deployment's `own` settings, or what a search found better."""
        return self.search.applied(own) if self.search else own


def recipe_for(complete: list[str], running: str | None) -> Recipe:
    """The recipe for the `complete` cohorts, the earliest first; `running` is the cohort after a single complete one."""
    if len(complete) >= 2:
        return _two_or_more(complete)
    if len(complete) == 1:
        return _one(complete[0], running)
    return Recipe(name="no complete cohort: the absence rule, rates unknown")


def within_year(fitted: str, judged: str, whole: str) -> Recipe:
    """The recipe of a first school year, whose parts `model/first_year.py` names: dates whose outcomes are known.

    `fitted` holds the dates whose outcomes were known on the one date of `judged`; `whole` holds all of them.
    """
    return Recipe(
        name="within the first school year: fit on the as-of dates whose outcomes were known on the judged date, calibrate "
        "out of fold, judge on the last date whose outcomes are known, refit on all of them",
        fits={"m1": [fitted], "m2": [whole]},
        judged_calibrator=Stage(booster=OUT_OF_FOLD, school_year=fitted),
        judged=Stage(booster="m1", school_year=judged),
        judged_calibration=Stage(booster="m1", school_year=judged),
        final_calibrator=Stage(booster=OUT_OF_FOLD, school_year=whole),
        promoted="m2",
    )


def rule_within_year() -> Recipe:
    """The recipe of a first school year in which too few have left yet to judge a model: the rule, with measured rates."""
    return Recipe(name="within the first school year: the absence rule, rates of the as-of dates whose outcomes are known")


def _two_or_more(complete: list[str]) -> Recipe:
    *past, last = complete
    return Recipe(
        name="fit on the cohorts before the last, calibrate out of fold on these, judge on the last, roll forward",
        fits={"m1": past, "m2": complete},
        judged_calibrator=_out_of_fold(past),
        judged=Stage(booster="m1", school_year=last),
        judged_calibration=Stage(booster="m1", school_year=last),
        final_calibrator=_out_of_fold(complete),
        promoted="m2",
    )


def _out_of_fold(cohorts: list[str]) -> Stage:
    return Stage(booster=OUT_OF_FOLD, school_year=cohorts[-1], earlier=cohorts[:-1])


def _one(only: str, running: str | None) -> Recipe:
    halves = [Stage(booster=OUT_OF_FOLD, school_year=only, part=part) for part in ("a", "b")]
    alone = Recipe(
        name="fit on the only complete cohort, calibrate out of fold on one half, judge out of fold on the other",
        fits={"m1": [only]},
        judged_calibrator=halves[0],
        judged=halves[1],
        judged_calibration=halves[1],
        final_calibrator=Stage(booster=OUT_OF_FOLD, school_year=only),
        promoted="m1",
    )
    if running is None:
        return alone
    return alone.model_copy(
        update={
            "name": "fit on the only complete cohort, calibrate out of fold, judge on what was seen of the running cohort, "
            "roll forward onto that",
            "fits": {"m1": [only], "m2": [only, running]},
            "judged": Stage(booster="m1", school_year=running),
            "is_outcome_so_far": True,
            "promoted": "m2",
        }
    )
