-- one row per student scored on the date of temp table `listed` whose outcome is known by now
select s.*, l.label
from listed as s
inner join label as l on s.student_key = l.student_key and s.as_of_date = l.as_of_date
where l.label is not null
order by s.student_key
