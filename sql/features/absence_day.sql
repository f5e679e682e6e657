-- one row per as_of_date, student and day with a taken register on which something was noted; shares of a day
with noted as (
    select
        c.as_of_date, c.student_key, c.class_id, a.date, a.status,
        -- decimals: their sums do not depend on the order in which threads add them
        case when a.session = 'day' then 1 when a.session in ('am', 'pm') then 0.5 else 0.166667 end::decimal(9, 6) as day_share
    from cohort as c
    inner join core.attendance as a
        on c.student_key = a.student_key and a.date between c.from_date and c.as_of_date
        and a.known_at <= c.as_of_date and (a.known_until is null or a.known_until > c.as_of_date)
    where a.status <> 'present'
)

select
    n.as_of_date, n.student_key, d.taken_no, isodow(n.date) as weekday,
    least(1, sum(if(n.status in ('absent_excused', 'absent_unexcused'), n.day_share, 0))) as absent_share,
    least(1, sum(if(n.status = 'absent_unexcused', n.day_share, 0))) as unexcused_share,
    bool_or(n.status in ('late', 'left_early')) as is_late
from noted as n
inner join school_day as d on n.as_of_date = d.as_of_date and n.class_id = d.class_id and n.date = d.date and d.is_taken
group by all
