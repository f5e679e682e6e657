"""Oversight in the night's report: what is suspended, which earlier version served, and how many entries were contested."""

from typing import Any

import duckdb

from dropout.privacy import disclosure
from dropout.publish.numbers import isolated
from dropout.publish.oversight.notices import day_in_words
from dropout.publish.oversight.words import oversight_words
from dropout.resources import sql


def facts(con: duckdb.DuckDBPyConnection, language: str) -> dict[str, Any]:
    """Keys: words, said (sentences), contests (why, open, answered; small counts None), note. Reads temp table `this_night`."""
    words, said = oversight_words(language), []
    for state, in_force, served, since in con.execute(sql("marts/report_serving")).fetchall():
        pattern = words.report_suspended if state == "suspended" else words.report_older
        told = {"in_force": isolated(in_force), "version": isolated(served), "date": day_in_words(since, language)}
        said.append(pattern.format(**told))
    rows = con.execute(sql("marts/report_contest")).fetchall()
    counts = disclosure.protected([n for _, *both in rows for n in both])  # as one column, so that none tells another
    contests = [
        {"why": getattr(words.why, code), "open": counts[2 * place], "answered": counts[2 * place + 1]}
        for place, (code, *_) in enumerate(rows)
    ]
    note = words.report_contests.format(least=disclosure.LEAST, nearest=disclosure.NEAREST)
    return {"words": words, "said": said, "contests": contests, "note": note}
