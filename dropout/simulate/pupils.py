"""Who the pupils are: what stays with them for life, what is hidden, and the pupil's row in the export."""

from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dropout.simulate.names import BOYS, FAMILIES, GIRLS

_URBAN_HOMES = 0.55
_ARABIC_SCRIPT_SHARE = 0.4
_CODE_LETTERS = np.array(list("GJKMNPRSDEFH"))  # Z is never given: an unknown pupil's code begins with it
Columns = TypeVar("Columns", bound="Aligned")


class Aligned:
    """A record of arrays with one row per pupil."""

    def take(self: Columns, rows: NDArray[Any]) -> Columns:
        """The chosen rows, in that order."""
        return type(self)(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})  # type: ignore[arg-type]

    def followed_by(self: Columns, other: Columns) -> Columns:
        """These rows and then the other's."""
        both = {f.name: np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)}  # type: ignore[arg-type]
        return type(self)(**both)


@dataclass(frozen=True)
class Pupils(Aligned):
    """Hidden and lifelong traits, one row per pupil ever met; `ability`, `travel` are standard normal.

    `home` lies in 0..1, villages above 0.55; `poverty` in 0..1; `unrest` scales a pupil's own absence.
    """

    home: NDArray[np.float64]
    travel: NDArray[np.float64]
    poverty: NDArray[np.float64]
    ability: NDArray[np.float64]
    unrest: NDArray[np.float64]
    is_girl: NDArray[np.bool_]
    birth_year: NDArray[np.int64]

    @property
    def is_rural(self) -> NDArray[np.bool_]:
        """Lives in a village."""
        return self.home >= _URBAN_HOMES


def new_pupils(birth_year: NDArray[np.int64], rng: np.random.Generator) -> Pupils:
    """One pupil for each birth year. Villages are poorer; poverty lowers ability a little."""
    n = len(birth_year)
    home = rng.random(n)
    poverty = 1 / (1 + np.exp(-(rng.normal(-0.6, 1, n) + 1.0 * (home >= _URBAN_HOMES))))
    ability = rng.normal(0, 0.97, n) - 1.0 * (poverty - 0.42)
    unrest = rng.normal(0, 1, n)
    return Pupils(home, rng.normal(0, 1, n), poverty, ability, unrest, rng.random(n) < 0.49, birth_year)


def student_codes(first: int, count: int, seed: int) -> pl.Series:
    """The codes (a letter, nine digits) of the pupils numbered from `first`; no two are the same."""
    number = np.arange(first, first + count)
    # A multiplier without the factors 2 and 5 permutes the nine-digit numbers.
    digits = (number * 736_338_717 + 104_729 * (seed + 1)) % 1_000_000_000
    letters = _CODE_LETTERS[(number * 7 + seed) % len(_CODE_LETTERS)]
    return (
        pl.select(pl.lit(pl.Series(letters)) + pl.lit(pl.Series(digits)).cast(pl.String).str.zfill(9))
        .to_series()
        .alias("code_massar")
    )


def student_rows(pupils: Pupils, codes: pl.Series, rng: np.random.Generator) -> pl.DataFrame:
    """Rows of eleves.csv for `pupils`, names in French or Arabic script."""
    n, rural = len(codes), pupils.is_rural
    script = (rng.random(n) < _ARABIC_SCRIPT_SHARE).astype(np.int64)
    firsts = np.array([[GIRLS[k], BOYS[k]] for k in range(len(GIRLS))])
    given = firsts[rng.integers(len(GIRLS), size=n), (~pupils.is_girl).astype(np.int64), script]
    family = np.array(FAMILIES)[rng.integers(len(FAMILIES), size=n), script]
    born = (pupils.birth_year - 1970).astype("datetime64[Y]").astype("datetime64[D]") + rng.integers(0, 365, n)
    phone = rng.integers(6, 8, n) * 100_000_000 + rng.integers(0, 100_000_000, n)
    tongue = np.where(
        rng.random(n) < np.where(rural, 0.45, 0.18), "amazigh",
        np.where(rng.random(n) < 0.03, "français", np.where(rng.random(n) < 0.01, "autre", "arabe")),
    )  # fmt: skip
    return pl.DataFrame(
        {
            "code_massar": codes,
            "prenom": given,
            "nom": family,
            "date_naissance": born,
            "sexe": np.where(pupils.is_girl, "F", "M"),
            "telephone_tuteur": pl.Series(phone).cast(pl.String).str.zfill(10),
            "handicap": np.where(rng.random(n) < 0.02, "oui", "non"),
            "bourse": np.where(rng.random(n) < 0.05 + 0.5 * pupils.poverty, "oui", "non"),
            "milieu_residence": np.where(rural, "rural", "urbain"),
            "langue_maternelle": tongue,
        }
    ).with_columns(telephone_tuteur=pl.when(pl.Series(rng.random(n) < 0.06)).then(None).otherwise("telephone_tuteur"))
