-- one row per enrolment that a snapshot's student has, as it is known on the day of labelling
select e.student_key, e.school_id, e.school_year, y.year_no, e.entry_date, e.exit_date, e.exit_reason
from core.enrolment as e
inner join school_year as y on e.school_year = y.school_year
inner join labelling as l on e.known_at <= l.known_on and (e.known_until is null or e.known_until > l.known_on)
