-- one row per student whose family contests an entry and was not answered by tonight: the newest
select c.student_key, c.contested_on, c.why_code
from this_night as t
inner join ops.contest as c on c.contested_on <= t.as_of_date and (c.answered_on is null or c.answered_on > t.as_of_date)
qualify row_number() over (partition by c.student_key order by c.contested_on desc) = 1
order by c.student_key
