"""The card's drawings: one colour, shape and dash per ranking in all of them, so that they are told apart in grey as well."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from dropout.publish import charts
from dropout.publish.charts import INK, chart_of
from dropout.publish.words import words_of

ENGLISH = words_of("en")
WIDTH, HEIGHT = 300, 230
# ranking → its colour (a variable of the page), point and dash; the subject's own line is the whole one
LOOKS: dict[str, tuple[str, str, list[int]]] = {
    "model": ("var(--series-1)", "circle", [1, 0]),
    "absence_rule": ("var(--series-2)", "square", [6, 3]),
    "abc_flags": ("var(--series-3)", "triangle-up", [2, 2]),
    "school_rate": ("var(--series-4)", "diamond", [8, 3, 2, 3]),
    "logistic_regression": ("var(--series-5)", "cross", [4, 2]),
    "last_season": ("var(--series-6)", "triangle-down", [10, 4]),
    "true_hazard": ("var(--series-7)", "stroke", [1, 3]),
}
OTHER = ("var(--soft)", "circle", [3, 3])
Row = dict[str, Any]


def lines(rows: Sequence[Row], *, x_title: str, y_title: str, is_share_of_students: bool, says: str) -> str:
    """A line per ranking. Rows: ranking, title, x, y (0..1); x is a share of the students, or a number of days."""
    looks = {row["title"]: LOOKS.get(row["ranking"], OTHER) for row in rows}
    domain = list(looks)
    colours, shapes, dashes = ([look[i] for look in looks.values()] for i in range(3))
    legend = alt.Legend(title=None, orient="bottom", columns=1, symbolSize=60)
    ticks = [0.05, 0.10, 0.15, 0.20] if is_share_of_students else sorted({row["x"] for row in rows})
    x_axis = alt.Axis(format="%" if is_share_of_students else "d", values=ticks)
    drawn = chart_of(rows).mark_line(point={"size": 55, "filled": True}).encode(
        x=alt.X("x:Q", title=x_title, axis=x_axis),
        y=alt.Y("y:Q", title=y_title, scale=alt.Scale(zero=True), axis=alt.Axis(format="%", tickCount=5)),
        color=alt.Color("title:N", sort=domain, legend=legend, scale=_scale(domain, colours)),
        shape=alt.Shape("title:N", sort=domain, legend=legend, scale=_scale(domain, shapes)),
        strokeDash=alt.StrokeDash("title:N", sort=domain, legend=legend, scale=_scale(domain, dashes)),
    )  # fmt: skip
    return charts.svg(drawn, ENGLISH, width=WIDTH, height=HEIGHT, says=says)


def intervals(rows: Sequence[Row], *, says: str) -> str:
    """A point with its interval per row. Rows: ranking, title, value, low, high (0..1; ends None where unknown), said."""
    order = [row["title"] for row in rows]
    colours = [LOOKS.get(row["ranking"], OTHER)[0] for row in rows]
    y = alt.Y("title:N", sort=order, title=None, axis=alt.Axis(labelLimit=260))
    base = chart_of([{**row, "end": row["value"] if row["high"] is None else row["high"]} for row in rows])
    scale = alt.Scale(zero=True, nice=True)
    x = alt.X("value:Q", title=None, scale=scale, axis=alt.Axis(format="%", tickCount=5))
    colour = alt.Color("title:N", sort=order, legend=None, scale=_scale(order, colours))
    rules = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", scale=scale), x2="high:Q", y=y, color=colour)
    points = base.mark_point(filled=True, size=80, opacity=1).encode(x=x, y=y, color=colour)
    said = base.mark_text(align="left", dx=8, color=INK, fontSize=12).encode(x="end:Q", y=y, text="said:N")
    return charts.svg(rules + points + said, ENGLISH, width=WIDTH - 60, height=30 * len(rows), says=says)


def reliability(points: Sequence[tuple[float, float]], *, says: str) -> str:
    """Chance said against share that left, per bin of snapshots."""
    return charts.reliability([{"said": said, "left": left} for said, left in points], ENGLISH, says=says)


def _scale(domain: list[str], values: list[Any]) -> alt.Scale:
    return alt.Scale(domain=domain, range=values)
