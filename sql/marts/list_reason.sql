-- one row per reason of a listed student that names a feature, with the student's snapshot for the numbers the words need
select r.student_key, r.direction, r.reason_rank, r.feature, r.value, r.class_mean, s.school_id,
    n.* exclude (student_key, as_of_date, school_id, school_year, class_id, grade_level)
from this_night as t
inner join night.score as s on t.as_of_date = s.as_of_date and t.list_target = s.target and s.is_listed
inner join night.reason as r on s.student_key = r.student_key and s.as_of_date = r.as_of_date and s.target = r.target
inner join night.snapshot as n on s.student_key = n.student_key and s.as_of_date = n.as_of_date
where r.direction <> 'background'
