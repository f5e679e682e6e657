-- one row per snapshot of the cohort $school_year that has an outcome or will have one; cohorts can overlap in time
select s.*, l.label, l.left_so_far, t.left_so_far as left_by_then, l.is_unknown_exit, l.matures_on
from snapshot as s
inner join label as l on s.student_key = l.student_key and s.as_of_date = l.as_of_date
inner join label_then as t on s.student_key = t.student_key and s.as_of_date = t.as_of_date
where s.school_year = $school_year and (l.label is not null or l.state = 'not_mature')
order by s.as_of_date, s.student_key
