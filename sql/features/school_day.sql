-- one row per as_of_date, class and school day up to it; without a calendar, a school day is one with any register in the school
with class_now as (
    select as_of_date, class_id, any_value(school_id) as school_id, any_value(start_date) as start_date
    from cohort where class_id is not null group by as_of_date, class_id
),

calendar_day as (
    select c.as_of_date, c.class_id, d.date
    from class_now as c
    inner join core.calendar as d
        on c.school_id = d.school_id and d.date between c.start_date and c.as_of_date and d.is_school_day
        and d.known_at <= c.as_of_date and (d.known_until is null or d.known_until > c.as_of_date)
),

register_day as (
    select c.as_of_date, c.class_id, c.school_id, r.date, bool_or(r.taken) as is_taken, bool_and(r.file_id is null) as is_derived
    from class_now as c
    inner join core.register as r
        on c.class_id = r.class_id and r.date between c.start_date and c.as_of_date
        and r.known_at <= c.as_of_date and (r.known_until is null or r.known_until > c.as_of_date)
    group by all
),

derived_day as (
    select distinct c.as_of_date, c.class_id, r.date
    from class_now as c
    inner join register_day as r on c.as_of_date = r.as_of_date and c.school_id = r.school_id
    where (c.as_of_date, c.class_id) not in (select (as_of_date, class_id) from calendar_day)
),

day as (
    select * from calendar_day
    union
    select * from derived_day
    union
    select as_of_date, class_id, date from register_day where is_taken
)

select
    day.as_of_date, day.class_id, day.date, coalesce(r.is_taken, false) as is_taken,
    coalesce(r.is_taken and r.is_derived, false) as is_derived,
    row_number() over (partition by day.as_of_date, day.class_id order by day.date) as day_no,
    count(*) filter (where r.is_taken) over (partition by day.as_of_date, day.class_id order by day.date) as taken_no
from day
left join register_day as r on day.as_of_date = r.as_of_date and day.class_id = r.class_id and day.date = r.date
