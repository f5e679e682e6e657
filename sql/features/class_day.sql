-- one row per as_of_date, class and school day of this year: was its register taken, and how many of its pupils missed it
with noted as (
    select
        c.as_of_date, c.class_id, a.taken_no, count(*) filter (where a.absent_share > 0) as absent_count,
        count(*) filter (where a.is_late) as late_count
    from absence_day as a
    inner join cohort as c on a.as_of_date = c.as_of_date and a.student_key = c.student_key
    group by all
),

entered as (
    select as_of_date, class_id, from_date, count(*) as pupil_count
    from cohort
    group by as_of_date, class_id, from_date
),

class_school as (
    select as_of_date, class_id, any_value(school_id) as school_id from cohort group by as_of_date, class_id
),

enrolled as (
    select d.as_of_date, d.class_id, d.date, coalesce(sum(e.pupil_count), 0)::bigint as pupil_count
    from school_day as d
    left join entered as e on d.as_of_date = e.as_of_date and d.class_id = e.class_id and e.from_date <= d.date
    group by d.as_of_date, d.class_id, d.date
)

select
    d.as_of_date, s.school_id, d.class_id, d.date, d.is_taken as is_register_taken, d.is_derived as is_register_derived,
    e.pupil_count, if(d.is_taken, coalesce(n.absent_count, 0), null) as absent_count,
    if(d.is_taken, coalesce(n.late_count, 0), null) as late_count
from school_day as d
inner join class_school as s on d.as_of_date = s.as_of_date and d.class_id = s.class_id
inner join enrolled as e on d.as_of_date = e.as_of_date and d.class_id = e.class_id and d.date = e.date
left join noted as n on d.as_of_date = n.as_of_date and d.class_id = n.class_id and d.taken_no = n.taken_no and d.is_taken
