-- one row per school that was open on $yesterday, has pupils, and of which tonight's deliveries brought nothing, unlike others'
with enrolled as (
    select distinct school_id, student_key, class_id
    from core.enrolment
    where known_until is null and entry_date <= $yesterday and (exit_date is null or exit_date >= $yesterday)
),

brought as (
    select distinct e.school_id
    from enrolled as e
    where e.student_key in (select student_key from brought_student) or e.class_id in (select class_id from brought_class)
)

select c.school_id
from core.calendar as c
semi join enrolled as e on c.school_id = e.school_id
anti join brought as b on c.school_id = b.school_id
where
    c.date = $yesterday and c.is_school_day and c.known_at <= $as_of and (c.known_until is null or c.known_until > $as_of)
    and exists (from brought)
order by c.school_id
