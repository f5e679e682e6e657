-- one row per contestation of $student_key
select contested_on, why_code, answered_on, answer_code
from ops.contest
where student_key = $student_key
order by contested_on
