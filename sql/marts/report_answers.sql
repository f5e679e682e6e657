-- one row per school whose answers of the last 30 days say that a list was wrong about somebody
select
    f.school_id, count(*) as answered_count, count(*) filter (f.decision = 'disagree') as disagree_count,
    count(*) filter (f.decision = 'not_at_this_school') as not_at_this_school_count
from this_night as t
inner join analytics.marts.followup as f on f.known_at > t.as_of_date - 30
where f.school_id is not null
group by f.school_id
having count(*) filter (f.decision in ('disagree', 'not_at_this_school')) > 0
order by f.school_id
