-- one row per student with a chance of the list target, tonight
select s.chance
from this_night as t
inner join night.score as s on t.as_of_date = s.as_of_date and t.list_target = s.target and s.chance is not null
