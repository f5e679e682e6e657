-- one row per student with a chance of the list target, in the last publication
select r.chance
from this_night as t
inner join last_published.marts.student_risk as r on t.list_target = r.target and r.chance is not null
