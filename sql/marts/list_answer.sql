-- one row per student who was answered on, as known tonight: the answer to the newest list, with remark and who wrote it
with answer as (
    select f.student_key, f.list_date, f.decision, f.action, f.action_date, f.outcome, f.note_code
    from this_night as t
    inner join core.followup as f
        on f.known_at <= t.as_of_date and (f.known_until is null or f.known_until > t.as_of_date)
),

remark as (
    select r.student_key, r.list_date, r.remark, r.reviewer
    from this_night as t
    inner join remark_held as r on r.known_at <= t.as_of_date
)

select
    coalesce(a.student_key, r.student_key) as student_key, coalesce(a.list_date, r.list_date) as list_date,
    a.decision::varchar as decision, a.action::varchar as action, a.action_date, a.outcome::varchar as outcome, a.note_code,
    r.remark, r.reviewer
from answer as a
full join remark as r on a.student_key = r.student_key and a.list_date = r.list_date
where a.student_key is not null or r.remark is not null  -- initials alone answer nothing
qualify
    row_number() over (partition by coalesce(a.student_key, r.student_key) order by coalesce(a.list_date, r.list_date) desc) = 1
order by 1
