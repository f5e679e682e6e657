-- one row per enrolled student and open day of the class without a sign of presence, and time during which that was so
with seen as (
    select student_key, date, session, known_at, known_until
    from core.attendance
    where file_id is not null
),

since as (
    select student_key, date, session, known_at, known_until, delivery_no
    from expected
    union all
    select x.student_key, x.date, x.session, s.known_until as known_at, x.known_until, x.delivery_no
    from expected as x
    inner join seen as s
        on x.student_key = s.student_key and x.date = s.date and x.session = s.session
        and s.known_until > x.known_at and (x.known_until is null or s.known_until < x.known_until)
),

unseen as (
    select *
    from since as u
    anti join seen as s
        on u.student_key = s.student_key and u.date = s.date and u.session = s.session
        and s.known_at <= u.known_at and (s.known_until is null or s.known_until > u.known_at)
)

select
    u.student_key, u.date, u.session, 'absent_unexcused' as status, u.known_at,
    least(any_value(u.known_until), min(s.known_at)) as known_until, min(u.delivery_no) as delivery_no
from unseen as u
left join seen as s
    on u.student_key = s.student_key and u.date = s.date and u.session = s.session and s.known_at > u.known_at
group by u.student_key, u.date, u.session, u.known_at
