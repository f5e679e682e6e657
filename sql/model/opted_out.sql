-- one row per row of $snapshot of whom nothing is predicted: the pupil opted out, or the school of that date did for all of its pupils
select distinct s.student_key, s.as_of_date
from $snapshot as s
inner join ops.opt_out as o on s.student_key = o.student_key or s.school_id = o.school_id
