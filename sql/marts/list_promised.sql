-- one row per school with enrolled students: how many its list must hold
select n.school_id, count(r.student_key) as listed_count
from verified.marts.school_night as n
left join verified.marts.student_risk as r on n.school_id = r.school_id and n.target = r.target and r.is_listed
group by n.school_id
order by n.school_id
