-- one row per school whose answers of the last 30 days say that a list was wrong about somebody: students, hidden where few
with told as (
    select
        f.school_id, count(distinct f.student_key) as answered_count,
        count(distinct f.student_key) filter (f.decision = 'disagree') as disagree_count,
        count(distinct f.student_key) filter (f.decision = 'not_at_this_school') as not_at_this_school_count
    from this_night as t
    inner join exact.marts.followup as f on f.known_at > t.as_of_date - 30
    where f.school_id is not null
    group by f.school_id
)

select
    school_id, shown_count('report/answered/' || school_id, answered_count) as answered_count,
    shown_part('report/disagree/' || school_id, disagree_count, answered_count) as disagree_count,
    shown_part('report/not_at_this_school/' || school_id, not_at_this_school_count, answered_count) as not_at_this_school_count
from told
where disagree_count + not_at_this_school_count > 0
order by school_id
