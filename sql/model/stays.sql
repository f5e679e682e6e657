-- one row per student of tonight who is on the last list of the same school, school year and target
select n.student_key
from night.snapshot as n
inner join earlier_entry as e
    on n.student_key = e.student_key and n.school_id = e.school_id and n.school_year = e.school_year
    and e.list_age = 1 and e.target = $target
where n.as_of_date = $as_of
