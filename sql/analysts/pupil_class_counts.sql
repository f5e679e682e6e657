-- one row: rows of student_risk that are shown, shown without a school, grade or year, and left out
select
    count(*) filter (p.is_shown) as row_count, count(*) filter (p.is_shown and p.is_generalised) as generalised_count,
    count(*) filter (not p.is_shown) as left_out_count
from exact.marts.student_risk as r
inner join pupil_class as p on r.student_key = p.student_key
