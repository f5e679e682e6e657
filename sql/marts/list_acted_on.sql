-- one row per school and student of its earlier lists that it answered about: what it says now, and the last list acted on
with answer as (
    select
        e.school_id, f.student_key, f.list_date, f.decision::varchar = 'not_at_this_school' as is_said_elsewhere,
        coalesce(f.action::varchar, 'none') <> 'none' as is_acted_on,
        f.list_date = max(f.list_date) over (partition by e.school_id, f.student_key) as is_newest
    from this_night as t
    inner join core.followup as f on f.known_at <= t.as_of_date and (f.known_until is null or f.known_until > t.as_of_date)
    inner join earlier_entry as e on f.student_key = e.student_key and f.list_date = e.as_of_date
)

select
    school_id, student_key, coalesce(bool_or(is_said_elsewhere) filter (is_newest), false) as is_said_elsewhere,
    max(list_date) filter (is_acted_on) as acted_on_list_date
from answer
group by school_id, student_key
