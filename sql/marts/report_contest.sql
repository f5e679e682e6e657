-- one row per reason for which families contested entries: how many are not yet answered, and how many are
select why_code, count(*) filter (where answered_on is null) as open_count, count(answered_on) as answered_count
from ops.contest
group by why_code
order by why_code
