-- one row per single group (and pair that is out of bounds), date and metric of the last publications that measured groups
select g.as_of_date, g.measured_on, g.kind, g.student_group, g.metric, g.value, g.low, g.high, g.is_out_of_bounds
from analytics.marts.group_audit as g
where (not contains(g.student_group, '+') or g.is_out_of_bounds) and g.as_of_date in (
    select distinct as_of_date
    from analytics.marts.group_audit
    order by as_of_date desc
    limit $publications
)
order by g.as_of_date desc, g.kind, g.student_group, g.metric
