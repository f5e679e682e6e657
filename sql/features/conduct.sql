-- one row per as_of_date and student of a school that records incidents: incidents this year and in the last 40 days
with recording as (
    select distinct c.as_of_date, c.school_id
    from cohort as c
    inner join core.conduct as i
        on c.student_key = i.student_key and i.date between c.start_date and c.as_of_date
        and i.known_at <= c.as_of_date and (i.known_until is null or i.known_until > c.as_of_date)
)

select
    c.as_of_date, c.student_key, count(i.date) as incidents_year_count,
    count(i.date) filter (where i.date > c.as_of_date - 40) as incidents_40_calendar_days_count
from cohort as c
inner join recording as r on c.as_of_date = r.as_of_date and c.school_id = r.school_id
left join core.conduct as i
    on c.student_key = i.student_key and i.date between c.from_date and c.as_of_date
    and i.known_at <= c.as_of_date and (i.known_until is null or i.known_until > c.as_of_date)
group by c.as_of_date, c.student_key
