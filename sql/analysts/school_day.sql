-- one row per school and school day of this school year up to tonight; no class is named
with day as (
    select
        d.school_id, d.date, count(*) as class_count, count(*) filter (d.is_register_taken) as registers_taken_count,
        bool_or(d.is_register_derived) as is_register_derived, sum(d.pupil_count)::bigint as pupil_count,
        coalesce(sum(d.pupil_count) filter (d.is_register_taken), 0)::bigint as known_count,
        sum(d.absent_count)::bigint as absent_count, sum(d.late_count)::bigint as late_count
    from this_night as t
    inner join night.class_day as d on t.as_of_date = d.as_of_date
    group by d.school_id, d.date
),

named as (
    select *, '/' || school_id || '/' || date::varchar as cell
    from day
)

select
    school_id, date, class_count, registers_taken_count, is_register_derived,
    -- the same cell every day: nearly the same number drawn anew for 180 days would average out
    shown_count('school_day/pupils/' || school_id, pupil_count) as pupil_count,
    shown_part('school_day/absent' || cell, absent_count, known_count) as absent_count,
    shown_part('school_day/late' || cell, late_count, known_count) as late_count
from named
order by school_id, date
