-- one row per snapshot: the last dated exit after it in the same school year, and the first one for dropping out, as far as known
select
    s.student_key, s.as_of_date,
    arg_max(e.exit_reason, e.exit_date) as exit_reason, max(e.exit_date) as exit_date,
    min(e.exit_date) filter (where e.exit_reason in ('dropped_out', 'expelled', 'aged_out')) as dropout_date,
    coalesce(bool_or(e.exit_reason in ('dropped_out', 'expelled', 'aged_out')), false) as left_so_far
from snapshot as s
inner join enrolment_known as e
    on s.student_key = e.student_key and s.school_year = e.school_year and e.exit_date > s.as_of_date
group by s.student_key, s.as_of_date
