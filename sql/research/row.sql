-- one row per kept pupil and as-of date, every feature as its value, and the pseudonym of this extract alone
-- a class that has shrunk by that date, or in which hardly one outcome is left, has no row for it
select
    left(sha256($salt::blob || encode(n.student_key::varchar)), 16) as pupil, dense_rank() over (order by n.as_of_date) as part_of_year,
    k.place, k.grade, k.birth_years, k.sex, k.outcome, n.* exclude (student_key, as_of_date, school_year, school_id, class_id, grade_level)
from snapshot as n
inner join kept as k on n.student_key = k.student_key
window class as (partition by n.as_of_date, k.place, k.grade, k.birth_years, k.sex)
qualify count(*) over class >= $least
    and (any_value(k.outcome) over class is null or least(sum(k.outcome) over class, count(*) over class - sum(k.outcome) over class) >= $each)
