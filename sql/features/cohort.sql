-- one row per as_of_date and student enrolled on it, with the enrolment as it was known then
select
    a.as_of_date, e.student_key, e.school_year, e.school_id, e.class_id, e.grade_level, e.entry_date,
    y.start_date, y.end_date, y.year_no,
    greatest(e.entry_date, y.start_date) as from_date
from as_of as a
inner join core.enrolment as e
    on e.known_at <= a.as_of_date and (e.known_until is null or e.known_until > a.as_of_date)
    and e.entry_date <= a.as_of_date and (e.exit_date is null or e.exit_date > a.as_of_date)
inner join school_year as y
    on e.school_year = y.school_year and a.as_of_date between y.start_date and y.end_date
where e.exit_reason is distinct from 'invalid_enrolment'
qualify row_number() over (
    partition by a.as_of_date, e.student_key order by e.entry_date desc, e.known_at desc, e.school_id
) = 1
