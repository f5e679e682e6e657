-- one row per school with enrolled students: how many rows its list must hold; one, a notice, where no fresh data came
select n.school_id, count(r.student_key) + if(any_value(n.is_data_fresh), 0, 1) as listed_count
from verified.marts.school_night as n
left join verified.marts.student_risk as r on n.school_id = r.school_id and n.target = r.target and r.is_listed
group by n.school_id
order by n.school_id
