-- one row per school and date of a published list that named student $student_key, by the scores that were published
select distinct coalesce(c.school_name, s.school_id) as school, s.as_of_date
from night.score as s
inner join ops.generation as g on s.as_of_date = g.as_of_date
left join core.school as c on s.school_id = c.school_id and c.known_until is null
where s.student_key = $student_key and s.is_listed
