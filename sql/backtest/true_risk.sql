-- one row per judged row, in its order: the true risk; NULL where in truth the student is not enrolled any more, and nobody knows yet
select t.true_risk
from judged as j
left join true_risk as t on j.student_key = t.student_key and j.as_of_date = t.as_of_date
order by j.as_of_date, j.student_key
