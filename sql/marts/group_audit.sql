-- one row per publication's date, kind of measure, group of the students and metric: tonight's, and those of earlier publications
select
    a.as_of_date, a.target, a.model_version, a.measured_on, a.kind, a.student_group, a.metric, a.value, a.low, a.high,
    if(a.student_count < 10, null, 5 * round(a.student_count / 5))::bigint as student_count,
    if(a.event_count < 10, null, 5 * round(a.event_count / 5))::bigint as event_count, a.is_out_of_bounds
from this_night as t
inner join ops.list_audit as a on t.list_target = a.target
where a.is_told and (
    a.as_of_date = t.as_of_date
    or (a.as_of_date < t.as_of_date and a.as_of_date in (select g.as_of_date from ops.generation as g))
)
order by a.as_of_date, a.kind, a.student_group, a.metric
