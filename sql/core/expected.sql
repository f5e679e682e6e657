-- one row per enrolled student and open day of the class, where the source notes presence only: who is not seen was absent
select e.student_key, d.date, d.session, d.known_at, d.known_until, d.delivery_no
from derived as d
inner join core.enrolment as e
    on d.class_id = e.class_id and d.date >= e.entry_date and (e.exit_date is null or d.date < e.exit_date)
    and e.known_at <= d.known_at and (e.known_until is null or e.known_until > d.known_at)
where d.is_presence
