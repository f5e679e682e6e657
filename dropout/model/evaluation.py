"""What a season found out about its candidate: promotion is decided on it, and the model's card tells it."""

from dropout.model.comparison import Gain
from dropout.strict import Strict

EVALUATION = "evaluation"
CALIBRATION_ERROR_AT_MOST = 0.05  # of a model in force


class LastSeason(Strict):
    """The model that was in force before this season, on the cohort that this season judges.

    `why_not` says why it could not be judged there; then nothing else is known of it. `gains` are over the baselines.
    """

    version: str
    why_not: str = ""
    is_judged_booster: bool = False  # the booster that this season judged is the very one
    gains: list[Gain] = []
    calibration_error: float | None = None  # None where it cannot be told: of outcomes so far
    groups_out_of_bounds: list[str] = []


class Evaluation(Strict):
    """What promotion is decided on, and what the model's card tells. `why_not` says why nothing could be judged."""

    cohort: str
    is_outcome_so_far: bool
    students: int
    events: int
    unknown_exits: int
    why_not: str = ""
    judged_share: float = 0.0
    auc: dict[str, float] = {}
    recall: dict[str, float] = {}
    gains: list[Gain] = []
    calibration_cohort: str = ""
    calibration_error: float | None = None
    champion_gains: list[Gain] = []  # over the version that was in force before this season
    last_season: LastSeason | None = None
    groups_out_of_bounds: list[str] = []
    safe_sizes: list[float] = []  # list sizes, as shares of the students, at which no group is out of bounds
    proxies_flagged: list[str] = []  # attribute: feature, for each that alone tells it too well
    auc_random_split: float | None = None  # what a split by row would have claimed (random_split.py)
