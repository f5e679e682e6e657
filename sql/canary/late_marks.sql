-- one row per leaver and assessment: marks entered after the exit
select
    student_key, school_year, 'T1' as term, 'canary' as subject, 'late' || n as assessment_id, exit_date + 3 + n::int as assessment_date,
    null::double as mark, 20.0 as max_mark, 5.0 as coefficient, 'missing' as state, $known_at as known_at, delivery_no
from leaver cross join range(5) as t (n)
