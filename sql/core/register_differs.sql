-- one row per class, day and session whose derived register is not yet as it follows from attendance
with side as (
    select class_id, date, session, known_at, known_until, 1 as count
    from derived
    union all
    select class_id, date, session, known_at, known_until, -1 as count
    from core.register
    where file_id is null and (class_id, date, session) in (select (class_id, date, session) from derived)
),

odd as (
    select class_id, date, session
    from side
    group by class_id, date, session, known_at, known_until
    having sum(count) <> 0
)

select distinct class_id, date, session
from odd
