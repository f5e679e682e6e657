-- one row per snapshot with a dated exit in its school year: the last one after it, the first one after it for dropping out,
-- and whether a dated dropout is known so far
with enrolment as (
    select s.student_key, s.as_of_date, e.exit_date, e.exit_reason, e.exit_says, e.entry_date <= s.as_of_date as has_begun
    from snapshot as s
    inner join enrolment_known as e on s.student_key = e.student_key and s.school_year = e.school_year
),

-- is_gone: no enrolment ran on the as-of date, by what is known now; that night did not know it yet
place as (
    select
        student_key, as_of_date, not coalesce(bool_or(has_begun and (exit_date is null or exit_date > as_of_date)), false) as is_gone,
        arg_max(exit_reason, (exit_date, exit_says)) filter (exit_date <= as_of_date) as last_reason
    from enrolment
    group by student_key, as_of_date
)

select
    e.student_key, e.as_of_date, arg_max(e.exit_reason, (e.exit_date, e.exit_says)) as exit_reason,
    any_value(if(p.is_gone and p.last_reason <> 'transferred_in', p.last_reason, null)) as gone_reason,
    max(e.exit_date) filter (where e.exit_date > e.as_of_date) as exit_date,
    min(e.exit_date) filter (
        where e.exit_date > e.as_of_date and e.exit_reason in ('dropped_out', 'expelled', 'aged_out')
    ) as dropout_date,
    bool_or(e.exit_reason in ('dropped_out', 'expelled', 'aged_out')) as left_so_far
from enrolment as e
inner join place as p on e.student_key = p.student_key and e.as_of_date = p.as_of_date
where e.exit_date > e.as_of_date or (e.exit_date is not null and p.is_gone)
group by e.student_key, e.as_of_date
