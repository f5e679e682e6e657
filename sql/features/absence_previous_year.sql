-- one row per as_of_date and student enrolled the school year before: days missed in it, by its daily rows or its totals
with total as (
    select as_of_date, student_key, sum(absent_days) as absent_days
    from total_period
    where not is_this_year
    group by all
)

select
    c.as_of_date, c.student_key,
    greatest(coalesce(sum(
        case when a.session = 'day' then 1 when a.session in ('am', 'pm') then 0.5 else 0.166667 end::decimal(9, 6)
    ) filter (where a.status in ('absent_excused', 'absent_unexcused')), 0), any_value(t.absent_days)) as absences_previous_year_count
from cohort as c
inner join school_year as y on y.year_no = c.year_no - 1
inner join (
    select distinct student_key, school_year, min(known_at) as known_at from core.enrolment group by all
) as e on c.student_key = e.student_key and e.school_year = y.school_year and e.known_at <= c.as_of_date
left join core.attendance as a
    on c.student_key = a.student_key and a.date between y.start_date and y.end_date and a.date <= c.as_of_date
    and a.known_at <= c.as_of_date and (a.known_until is null or a.known_until > c.as_of_date)
left join total as t on c.as_of_date = t.as_of_date and c.student_key = t.student_key
group by c.as_of_date, c.student_key
