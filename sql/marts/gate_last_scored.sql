-- one row: the same of the last publication; list_target is what its own lists were cut by
select
    count(*) as student_count, count(*) filter (r.is_abstained) as abstained_count,
    any_value(r.method) filter (not r.is_abstained) as method,
    any_value(r.model_version) filter (not r.is_abstained) as model_version, any_value(r.school_year) as school_year,
    (select any_value(target) from last_published.marts.school_night) as list_target
from this_night as t
inner join last_published.marts.student_risk as r on t.list_target = r.target
