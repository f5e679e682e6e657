-- one row per publication's date, kind of measure, group of the students and metric: tonight's, and those of earlier publications
with told as (
    select a.*, concat_ws('/', 'group_audit', a.kind, a.student_group) as cell
    from this_night as t
    inner join ops.list_audit as a on t.list_target = a.target
    where a.is_told and (
        a.as_of_date = t.as_of_date
        or (a.as_of_date < t.as_of_date and a.as_of_date in (select g.as_of_date from ops.generation as g))
    )
)

-- a rate told to the last digit would give the exact count back that is rounded beside it
select
    as_of_date, target, model_version, measured_on, kind, student_group, metric, round(value, 2) as value, round(low, 2) as low,
    round(high, 2) as high, shown_count(cell || '/students', student_count) as student_count,
    shown_count(cell || '/events', event_count) as event_count, is_out_of_bounds
from told
order by as_of_date, kind, student_group, metric
