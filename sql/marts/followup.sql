-- one row per student and list that was answered, as known tonight: codes alone
with known as (
    select f.*
    from this_night as t
    inner join core.followup as f
        on f.known_at <= t.as_of_date and (f.known_until is null or f.known_until > t.as_of_date)
),

first_known as (
    select f.student_key, f.list_date, min(f.known_at) as first_known_at
    from this_night as t
    inner join core.followup as f on f.known_at <= t.as_of_date
    group by f.student_key, f.list_date
),

listed as (
    select student_key, as_of_date as list_date, arg_max(school_id, generation_id) as school_id
    from ops.list_entry
    group by student_key, as_of_date
),

-- whom no list named, a counselor wrote in by hand
enrolled as (
    select k.student_key, k.list_date, arg_max(e.school_id, e.entry_date) as school_id
    from known as k
    inner join core.enrolment as e
        on
            k.student_key = e.student_key and e.known_until is null and e.entry_date <= k.list_date
            and (e.exit_date is null or e.exit_date >= k.list_date)
    group by k.student_key, k.list_date
)

select
    printf('%015x', k.student_key) as student_key, k.list_date, coalesce(l.school_id, e.school_id) as school_id,
    l.student_key is not null as is_listed, k.decision::varchar as decision, k.action::varchar as action, k.action_date,
    k.outcome::varchar as outcome, k.note_code, f.first_known_at, k.known_at
from known as k
inner join first_known as f on k.student_key = f.student_key and k.list_date = f.list_date
left join listed as l on k.student_key = l.student_key and k.list_date = l.list_date
left join enrolled as e on k.student_key = e.student_key and k.list_date = e.list_date
order by k.student_key, k.list_date
