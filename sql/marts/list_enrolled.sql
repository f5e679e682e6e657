-- one row per listed student: the enrolment, as the features see it
select c.*
from enrolled as c
inner join this_night as t on c.as_of_date = t.as_of_date
inner join night.score as s on c.student_key = s.student_key and t.as_of_date = s.as_of_date and t.list_target = s.target and s.is_listed
