-- one row per snapshot: the first dated exit after it and up to the end of the target's horizon
with horizon as (
    select
        s.student_key, s.as_of_date, s.school_year,
        if(l.horizon_days is null, y.end_date, s.as_of_date + l.horizon_days) as ends_on
    from snapshot as s
    inner join school_year as y on s.school_year = y.school_year
    cross join labelling as l
),

first_exit as (
    select
        h.student_key, h.as_of_date, h.ends_on, min(e.exit_date) as exit_date,
        arg_min(e.exit_reason, (e.exit_date, -e.exit_says)) as exit_reason
    from horizon as h
    left join enrolment_known as e
        on h.student_key = e.student_key and h.school_year = e.school_year
        and e.exit_date > h.as_of_date and e.exit_date <= h.ends_on and e.exit_reason is distinct from 'transferred_in'
    group by h.student_key, h.as_of_date, h.ends_on
)

select
    f.student_key, f.as_of_date, f.ends_on + l.lag_days as matures_on, f.exit_date as back_from,
    coalesce(x.left_so_far, false) as left_so_far,
    case
        when x.gone_reason in ('dropped_out', 'expelled', 'aged_out', 'unknown') then 'out_left_before'
        when coalesce(x.gone_reason, f.exit_reason) is null then 'stayed'
        when coalesce(x.gone_reason, f.exit_reason) = 'graduated' then 'completed'
        when coalesce(x.gone_reason, f.exit_reason) in ('deceased', 'transferred_out', 'emigrated', 'invalid_enrolment')
            then 'out_' || coalesce(x.gone_reason, f.exit_reason)
        else 'left_' || f.exit_reason
    end as state
from first_exit as f
cross join labelling as l
left join exit_after as x on f.student_key = x.student_key and f.as_of_date = x.as_of_date
