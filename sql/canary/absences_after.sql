-- one row per leaver and day: absences noted on the twenty days after the exit
select
    student_key, exit_date + 1 + n::int as date, 'day' as session, 'absent_unexcused' as status, $known_at as known_at, delivery_no
from leaver cross join range(20) as t (n)
