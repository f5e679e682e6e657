-- one row per student who was in no enrolment after a school year that is over, by what is known: who may be said to have left
select
    e.student_key, e.school_id, e.school_year, e.class_id, y.start_date, y.end_date, e.exit_date is null as is_open,
    coalesce(e.exit_date, y.end_date) as exit_date, max(e.delivery_no) over () as delivery_no
from core.enrolment as e
inner join school_year as y on e.school_year = y.school_year
where e.known_until is null and y.end_date < $as_of and e.grade_level is distinct from $last_grade
qualify
    row_number() over (partition by e.student_key order by y.year_no desc, e.entry_date desc) = 1
    and (e.exit_reason is null or e.exit_reason in ('dropped_out', 'expelled', 'aged_out', 'unknown'))
    and e.student_key not in (
        select n.student_key from core.enrolment as n inner join school_year as z on n.school_year = z.school_year
        where n.known_until is null and z.year_no > y.year_no
    )
