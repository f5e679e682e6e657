-- one row per student listed in the last publication; the chance only where it spoke of the same target
select ('0x' || r.student_key)::bigint as student_key, if(r.target = t.list_target, r.chance, null) as chance
from this_night as t
inner join last_published.marts.student_risk as r on r.is_listed
