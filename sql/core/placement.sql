-- one row per enrolment with a class, as it is known now; class_no numbers classes within school and school year
select
    student_key, school_id, school_year, class_id, entry_date, coalesce(exit_date, date 'infinity') as exit_date,
    dense_rank() over (order by school_id, school_year, class_id)::integer as class_no
from core.enrolment
where known_until is null and class_id is not null
