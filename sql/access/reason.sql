-- one row per reason of student $student_key as of $as_of for $target, with the snapshot for the numbers the words need
select r.student_key, r.direction, r.reason_rank, r.feature, r.value, r.class_mean,
    n.* exclude (student_key, as_of_date, school_id, school_year, class_id, grade_level)
from night.reason as r
inner join night.snapshot as n on r.student_key = n.student_key and r.as_of_date = n.as_of_date
where r.student_key = $student_key and r.as_of_date = $as_of and r.target = $target and r.direction <> 'background'
