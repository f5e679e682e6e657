-- one row: what ranked the lists
select any_value(r.method) as method, any_value(r.model_version) as model_version
from this_night as t
inner join analytics.marts.student_risk as r on t.list_target = r.target and not r.is_abstained
