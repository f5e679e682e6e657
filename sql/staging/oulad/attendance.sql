-- one row per student, module and day with activity on the module's pages: presence
select
    id_student || '-' || code_module as student_id,
    make_date(left(code_presentation, 4)::int, if(right(code_presentation, 1) = 'B', 2, 10), 1) + date as date,
    'day' as session, 'present' as status, file_id, min(line) as line, list(line) as lines
from raw_activity
group by all
