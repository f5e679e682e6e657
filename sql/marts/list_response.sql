-- one row per school and list before tonight's that named anybody: how many of the named were answered, as known tonight
with newest as (
    -- of a night published twice, the lists that stand
    select as_of_date, max(generation_id) as generation_id
    from ops.list_entry
    group by as_of_date
),

listed as (
    select distinct e.school_id, e.as_of_date as list_date, e.target, e.student_key
    from this_night as t
    inner join ops.list_entry as e on e.as_of_date < t.as_of_date
    semi join newest as n on e.generation_id = n.generation_id
),

answer as (
    select
        f.student_key, f.list_date, min(f.known_at) as first_known_at,
        arg_max(f.decision::varchar, f.known_at) filter (f.known_until is null or f.known_until > t.as_of_date) as decision,
        arg_max(f.action::varchar, f.known_at) filter (f.known_until is null or f.known_until > t.as_of_date) as action,
        arg_max(f.outcome::varchar, f.known_at) filter (f.known_until is null or f.known_until > t.as_of_date) as outcome
    from this_night as t
    inner join core.followup as f on f.known_at <= t.as_of_date
    group by f.student_key, f.list_date
    -- what was taken back is no answer
    having bool_or(f.known_until is null or f.known_until > t.as_of_date)
)

select
    l.school_id, l.list_date, any_value(l.target) as target, count(*) as listed_count, count(a.student_key) as answered_count,
    count(a.student_key) / count(*) as answered_share, count(*) filter (a.decision = 'will_act') as will_act_count,
    count(*) filter (a.decision = 'already_known') as already_known_count,
    count(*) filter (a.decision = 'disagree') as disagree_count,
    count(*) filter (a.decision = 'not_at_this_school') as not_at_this_school_count,
    count(*) filter (a.action <> 'none') as acted_count, count(a.outcome) as outcome_count,
    median(a.first_known_at - l.list_date)::double as days_to_answer_median
from listed as l
left join answer as a on l.student_key = a.student_key and l.list_date = a.list_date
group by l.school_id, l.list_date
order by l.school_id, l.list_date
