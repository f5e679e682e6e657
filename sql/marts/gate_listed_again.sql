-- one row: students of the last list who are still enrolled, in schools that have fresh data, and how many of them are listed tonight
select count(*) as still_enrolled_count, count(*) filter (s.is_listed) as listed_again_count
from this_night as t
inner join last_published.marts.student_risk as r on t.list_target = r.target and r.is_listed
inner join night.score as s
    on t.as_of_date = s.as_of_date and t.list_target = s.target and s.student_key = ('0x' || r.student_key)::bigint
where coalesce(s.abstain_reason, '') not in ('no fresh data from the school', 'opted out')
