-- one row per leaver without a dated exit: an exit early in the last year that became known when the year was over
select e.* replace (l.start_date + 60 as exit_date, 'dropped_out' as exit_reason, $known_at as known_at)
from core.enrolment as e
inner join leaver as l on e.student_key = l.student_key and e.school_year = l.school_year
where l.is_open and e.known_until is null and e.exit_date is null and e.entry_date < l.start_date + 60
