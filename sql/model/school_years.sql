-- one row per school year: students with a valid enrolment in it, as known on the as-of date
select school_year, count(distinct student_key) as students
from core.enrolment
where known_at <= $as_of and (known_until is null or known_until > $as_of)
    and exit_reason is distinct from 'invalid_enrolment'
group by school_year
