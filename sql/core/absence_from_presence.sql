-- one row per enrolled student and open day of the class without a sign of presence, where the source notes presence only
with open_day as (
    select r.class_id, r.date, r.session, r.known_at, r.delivery_no
    from core.register as r
    inner join loading as l on r.delivery_no = l.delivery_no and l.mode = 'presence'
    where r.taken and r.file_id is null
)

select
    e.student_key, o.date, o.session, 'absent_unexcused' as status, o.known_at, o.delivery_no
from open_day as o
inner join core.enrolment as e
    on o.class_id = e.class_id and o.date >= e.entry_date and (e.exit_date is null or o.date < e.exit_date)
    and e.known_at <= o.known_at and (e.known_until is null or e.known_until > o.known_at)
anti join core.attendance as a on e.student_key = a.student_key and o.date = a.date and o.session = a.session
