-- one row per replayed night and student of the cohort $school_year whose outcome is known by now
select n.*, l.label, l.is_unknown_exit
from night.replayed as n
inner join label as l on n.student_key = l.student_key and n.as_of_date = l.as_of_date
where n.target = $target and n.school_year = $school_year and l.label is not null
order by n.as_of_date, n.student_key
