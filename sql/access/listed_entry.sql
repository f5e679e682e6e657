-- one row per school and date of a published list that named student $student_key, by the record of lists
select distinct coalesce(c.school_name, e.school_id) as school, e.as_of_date
from ops.list_entry as e
left join core.school as c on e.school_id = c.school_id and c.known_until is null
where e.student_key = $student_key
