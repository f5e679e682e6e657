"""What the baselines of a night could learn from: the cohorts whose outcomes were known when the season in force was trained."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dropout.model.baselines import EDGES, Bands, abc_flags, absence_rule, fit_bands, school_rate
from dropout.model.candidate import Candidate
from dropout.model.frame import Floats, Frame
from dropout.model.rankings import FLAG_EDGES, Ranking
from dropout.model.recipe import Plan
from dropout.model.train import PLAN
from dropout.settings import ModelSettings

RULES = {"absence_rule": (absence_rule, EDGES), "abc_flags": (abc_flags, FLAG_EDGES)}


@dataclass(frozen=True)
class Past:
    """Rates by band of each rule, and by school; all unknown where no cohort was complete."""

    bands: dict[str, Bands]
    schools: npt.NDArray[Any]  # sorted names
    rates: Floats  # of `schools`; one more at the end, for a school without past

    def rankings(self, rows: Frame) -> dict[str, Ranking]:
        """The baselines on a night's rows; with rates unknown they rank all the same, and their chances are NaN."""
        unknown = np.full(len(rows), np.nan)
        found = {}
        for name, (rule, _) in RULES.items():
            score = rule(rows)
            found[name] = Ranking(score, self.bands[name].chance(score) if name in self.bands else unknown)
        rate = self.rates[self._place(rows.school_id.astype(str))]
        return {**found, "school_rate": Ranking(np.nan_to_num(rate, nan=0.0), rate)}

    def _place(self, schools: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
        if not len(self.schools):
            return np.zeros(len(schools), dtype=np.intp)
        place = np.minimum(np.searchsorted(self.schools, schools), len(self.schools) - 1)
        return np.where(self.schools[place] == schools, place, len(self.schools))


def past_of(candidate: Candidate, settings: ModelSettings) -> Past:
    """From the complete cohorts of a season's frame; the frame itself goes with the candidate."""
    cohorts = [c.school_year for c in candidate.record(PLAN, Plan).cohorts]
    if not cohorts:
        return Past({}, np.array([], dtype=str), np.array([np.nan]))
    past = candidate.rows(cohorts)
    bands = {name: fit_bands(past, rule(past), edges, settings.seed) for name, (rule, edges) in RULES.items()}
    names, one_of_each = np.unique(past.school_id.astype(str), return_index=True)
    overall = float(np.average(past.label, weights=past.weight))
    return Past(bands, names, np.append(school_rate(past, past.take(one_of_each)), overall))
