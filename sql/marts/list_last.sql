-- one row per student listed in the last publication
select ('0x' || r.student_key)::bigint as student_key, r.chance
from this_night as t
inner join last_published.marts.student_risk as r on t.list_target = r.target and r.is_listed
