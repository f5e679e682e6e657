"""Refits: a booster fitted again on halves of its students, to tell what another sample would have said of a pupil.

Halves come in pairs that share no student (Shah & Samworth 2013), so that each student is in exactly one of the two.
A half drawn without replacement varies about the whole as the whole varies about the truth (Buja & Stuetzle 2006), costs
half a fit, and is what stability selection draws (Meinshausen & Bühlmann 2010).

Of the snapshots of a drawn student every second one is enough, drawn too: they are near copies, and it halves the cost.

Students are drawn, not rows alone: snapshots of one student are near copies. Nor schools: the model in force speaks of the
same schools next year and of other pupils, and half the schools would know nothing of how the others keep registers.
"""

from collections.abc import Iterator

import numpy as np

from dropout.features.catalogue import load_catalogue
from dropout.model import booster
from dropout.model.frame import Bools, Floats, Frame
from dropout.settings import ModelSettings

SNAPSHOTS = 0.5  # of those of a drawn student
PARTS = 4  # half the students, half their snapshots


def refits(rows: Frame, weight: Floats, settings: ModelSettings) -> Iterator[str]:
    """`settings.resamples` boosters as text, fitted as one on all of `rows` would be, each on the rows of half the students.

    A row stands for PARTS rows: it weighs as much more, and a leaf may hold as many fewer, so that trees shrink as little
    and split as finely as those of the whole. Each draws its trees' features by a seed of its own: that is chance as well.
    """
    features = load_catalogue().model_features
    x = rows.matrix([f.name for f in features])
    least = max(settings.rows_in_leaf_at_least // PARTS, 1)
    for k, half in enumerate(halves(rows, settings.resamples, settings.seed), start=1):
        drawn = half & (np.random.default_rng([settings.seed, k]).random(len(rows)) < SNAPSHOTS)
        own = settings.model_copy(update={"rows_in_leaf_at_least": least, "seed": settings.seed + k})
        yield booster.fit(x[drawn], rows.label[drawn], PARTS * weight[drawn], features, own)


def halves(rows: Frame, count: int, seed: int) -> Iterator[Bools]:
    """`count` masks of `rows`; the second of each two holds exactly the students whom the first does not."""
    students, index = np.unique(rows.student_key, return_inverse=True)
    random = np.random.default_rng(seed)
    first = np.zeros(len(rows), dtype=np.bool_)
    for k in range(count):
        if k % 2 == 0:
            first = (random.permutation(len(students)) < len(students) // 2)[index]
        yield first if k % 2 == 0 else ~first
