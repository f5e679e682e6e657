-- one row per kept pupil and as-of date, every feature as its value, and the pseudonym of this extract alone
select
    left(sha256($salt::blob || encode(n.student_key::varchar)), 16) as pupil, dense_rank() over (order by n.as_of_date) as part_of_year,
    k.place, k.grade, k.birth_years, k.sex, k.outcome, n.* exclude (student_key, as_of_date, school_year, school_id, class_id, grade_level)
from snapshot as n
inner join kept as k on n.student_key = k.student_key
