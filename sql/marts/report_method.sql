-- one row: what the lists speak of, and what ranked them
select t.list_target, any_value(r.method) as method, any_value(r.model_version) as model_version
from this_night as t
left join exact.marts.student_risk as r on t.list_target = r.target and not r.is_abstained
group by t.list_target
