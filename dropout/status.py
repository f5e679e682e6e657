"""status: what an operator asks in the morning, from the ledger alone."""

from pathlib import Path
from typing import Any

from dropout.extracts.source import LISTS
from dropout.settings import Deployment
from dropout.warehouse.connect import connect

Shown = tuple[str, list[str], list[tuple[Any, ...]]]

DELIVERIES, FILES = 3, 40  # of which the files are shown, those that stopped first; ops.file has them all

_QUESTIONS = {
    "Last runs": "select run_id, kind, as_of_date, status, exit_code, round(seconds, 1) as seconds from ops.run "
    "order by started_at desc limit 8",
    "Deliveries": "select status, count(*) as deliveries, sum(file_count) as files, sum(again_count) as arrived_again, "
    "max(name) as latest from ops.delivery group by status order by status",
    # lines = rows + rejects + aside + suppressed, but for a file that stopped: of that one nothing went in
    "Files of the last deliveries": "select d.name as delivery, f.file, f.source_file as becomes, f.line_count as lines, "
    "f.row_count as rows, f.reject_count as rejects, f.aside_count as aside, f.suppressed_count as suppressed, "
    "f.status, f.why from ops.file as f "
    f"inner join (from ops.delivery where source <> '{LISTS}' order by delivery_no desc limit {DELIVERIES}) as d "
    "on f.delivery_no = d.delivery_no "
    "qualify row_number() over (partition by f.delivery_no order by f.status = 'stopped' desc, f.file, f.source_file) "
    f"<= {FILES} order by d.delivery_no desc, f.status = 'stopped' desc, f.file, f.source_file",
    "Lists that came back": "select d.arrived_on, count(*) as lists, sum(f.line_count) as lines, sum(f.row_count) as answers, "
    "sum(f.reject_count) as rejects, sum(f.aside_count) as unanswered, count(*) filter (f.status = 'stopped') as stopped "
    f"from ops.delivery as d inner join ops.file as f on d.delivery_no = f.delivery_no where d.source = '{LISTS}' "
    "group by d.arrived_on order by d.arrived_on desc limit 5",
    "Lines of lists that were not taken": "select d.arrived_on, f.file, r.line, r.column_name, r.reason "
    "from ops.reject as r inner join ops.file as f using (file_id) inner join ops.delivery as d on f.delivery_no = d.delivery_no "
    f"where d.source = '{LISTS}' order by d.arrived_on desc, f.file, r.line limit {FILES}",
    "Left out by the last run": "select step, place, what, cause, remedy from ops.notice "
    "where run_id = (select run_id from ops.run order by started_at desc limit 1) order by noticed_at",
    # a group whose interval is outside comes first, then those with the fewest places for their chances
    "Groups on the last lists": "select as_of_date, measured_on, student_group, metric, round(value, 2) as value, "
    "round(low, 2) as low, round(high, 2) as high, if(is_out_of_bounds, 'out of bounds', '') as verdict from ops.list_audit "
    "where as_of_date = (select max(as_of_date) from ops.list_audit) and metric in ('listed_ratio', 'recall_gap') "
    "and student_group <> 'all' order by is_out_of_bounds desc, metric, value limit 12",
    "Promoted": "select target, version, method, trained_as_of, why from ops.model where status = 'promoted' order by target",
    "Suspended": "select target, version, suspended_at, why from ops.suspension where resumed_at is null order by target",
    "Publications": "select generation_id, as_of_date, student_count as students, listed_count as listed from ops.generation "
    "order by published_at desc limit 3",
}


def status_tables(deployment: Deployment) -> list[Shown]:
    """Title, columns and rows of each table `dropout status` shows; no table holds a student."""
    shown: list[Shown] = []
    with connect(deployment) as con:
        for title, question in _QUESTIONS.items():
            found = con.execute(question)
            columns = [str(d[0]) for d in found.description or []]
            shown.append((title, columns, found.fetchall()))
    return shown


def where_to_look(deployment: Deployment) -> list[str]:
    """Lines naming a list, the page and the DuckDB file of the current publication, as paths to open."""
    current = deployment.published / "current"
    if current.is_relative_to(Path.cwd()):
        current = current.relative_to(Path.cwd())
    if not current.exists():
        return ["Nothing is published yet."]
    lists = sorted((current / "lists").glob("*/*.csv"), key=lambda p: (-p.stat().st_size, p.name))
    lines = [f"Published as of {current.resolve().name[:10]}:"]
    if lists:
        lines.append(f"  a counselor's list   {lists[0].with_suffix('.xlsx')}   (one of {len(lists)}; .csv beside it)")
        lines.append(f"  the same as a page   {lists[0].with_suffix('.html')}")
    lines.append(f"  the night's report   {current / 'report.html'}")
    lines.append(f"  the analysts' file   {current / 'analytics.duckdb'}   (schema marts)")
    return lines
