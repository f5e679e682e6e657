"""Charts of the report as inline SVG, drawn on this machine by Vega-Lite; colours follow the page, light or dark."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import vl_convert
from babel.numbers import get_decimal_symbol, get_group_symbol
from markupsafe import escape

from dropout.publish.words import Language

WIDTH, HEIGHT = 330, 210
INK, FAINT = "var(--ink)", "var(--line)"
SERIES = [f"var(--series-{n})" for n in range(1, 7)]
Row = dict[str, Any]


def coverage(shares: Sequence[float], language: Language) -> str:
    """Schools by their share of registers taken (0..1), in tenths."""
    words = language.report
    tenths = [min(int(share * 10 + 1e-6), 9) for share in shares]
    rows = [{"from": t / 10, "to": (t + 1) / 10, "schools": tenths.count(t)} for t in range(10)]
    bars = chart_of(rows).mark_bar(color=SERIES[0], binSpacing=2).encode(
        x=alt.X("from:Q", bin="binned", title=words.coverage_axis, axis=alt.Axis(format="%", tickCount=5)),
        x2="to:Q",
        y=alt.Y("schools:Q", title=words.school_axis, axis=alt.Axis(tickMinStep=1, format="d")),
    )  # fmt: skip
    return svg(bars, language)


def recall(rows: Sequence[Row], language: Language) -> str:
    """Share of those who left that the lists held, per ranking, with its interval.

    Rows: ranking (its title), value, low, high (0..1), said (the value as text).
    """
    order = [row["ranking"] for row in rows]
    y = alt.Y("ranking:N", sort=order, title=None, axis=alt.Axis(labelLimit=300))
    base = chart_of(rows)
    bars = base.mark_bar(height=22).encode(
        x=alt.X("value:Q", title=None, axis=alt.Axis(format="%", tickCount=5)),
        y=y,
        color=alt.Color("ranking:N", sort=order, scale=alt.Scale(domain=order, range=SERIES), legend=None),
    )
    whiskers = base.mark_rule(color=INK, strokeWidth=1.5).encode(x="low:Q", x2="high:Q", y=y)
    said = base.mark_text(align="left", dx=6, color=INK, fontSize=12).encode(x="high:Q", y=y, text="said:N")
    return svg(bars + whiskers + said, language, width=WIDTH - 110, height=36 * len(rows))


def reliability(rows: Sequence[Row], language: Language, *, says: str = "") -> str:
    """Chance said against share that left, one point per group of students. Rows: said, left (0..1); `says` as in `svg`."""
    words = language.report
    top = max([0.1, *(row[name] for row in rows for name in ("said", "left"))])
    scale = alt.Scale(domain=[0, top], nice=True)
    line = chart_of([{"said": 0, "left": 0}, {"said": top, "left": top}]).mark_line(color=FAINT, strokeDash=[5, 4])
    points = chart_of(rows).mark_line(color=SERIES[0], point=alt.OverlayMarkDef(color=SERIES[0], size=45, filled=True))
    axes = {
        "x": alt.X("said:Q", title=words.chance_said, scale=scale, axis=alt.Axis(format="%", tickCount=5)),
        "y": alt.Y("left:Q", title=words.share_left, scale=scale, axis=alt.Axis(format="%", tickCount=5)),
    }
    return svg(line.encode(**axes) + points.encode(**axes), language, says=says)


def chart_of(rows: Sequence[Row]) -> alt.Chart:
    """A chart of `rows`, which stand in it."""
    return alt.Chart(alt.InlineData(values=list(rows)))


def svg(
    chart: alt.Chart | alt.LayerChart, language: Language, *, width: int = WIDTH, height: int = HEIGHT, says: str = ""
) -> str:
    """The chart as an `<svg>` without a background; numbers as the language writes them; no data is fetched.

    `says` is what who hears the page is told; without it the chart is passed over, for its caption and the tables say the same.
    """
    axis = {"labelColor": INK, "titleColor": INK, "gridColor": FAINT, "domainColor": FAINT, "tickColor": FAINT}
    config = {
        "font": "sans-serif",
        "background": "transparent",
        "view": {"stroke": None},
        "legend": {"labelColor": INK, "titleColor": INK, "labelFontSize": 12, "labelLimit": 300},
        "axis": {**axis, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "gridOpacity": 0.6},
    }
    locale = language.locale
    numbers = {
        "decimal": get_decimal_symbol(locale, numbering_system="latn"),
        "thousands": get_group_symbol(locale, numbering_system="latn"),
        "grouping": [3],
        "currency": ["", ""],
        "percent": "\u00a0%" if locale == "fr" else "%",
    }
    spec = chart.properties(width=width, height=height).to_dict()
    drawn = vl_convert.vegalite_to_svg(spec, config=config, format_locale=numbers, allowed_base_urls=[])
    heard = f'role="img" aria-label="{escape(says)}"' if says else 'aria-hidden="true"'
    return drawn.replace("<svg ", f"<svg {heard} ", 1)
