-- one row per snapshot: a dated dropout exit after it and up to the end of the target's horizon
with horizon as (
    select
        s.student_key, s.as_of_date, s.school_year,
        if(l.horizon_days is null, y.end_date, s.as_of_date + l.horizon_days) as ends_on
    from snapshot as s
    inner join school_year as y on s.school_year = y.school_year
    cross join labelling as l
),

first_exit as (
    select h.student_key, h.as_of_date, h.ends_on, arg_min(e.exit_reason, e.exit_date) as exit_reason
    from horizon as h
    left join enrolment_known as e
        on h.student_key = e.student_key and h.school_year = e.school_year
        and e.exit_date > h.as_of_date and e.exit_date <= h.ends_on and e.exit_reason is distinct from 'transferred_in'
    group by all
),

judged as (
    select
        f.student_key, f.as_of_date, f.ends_on + l.lag_days as matures_on,
        case
            when f.exit_reason is null then 'stayed'
            when f.exit_reason = 'graduated' then 'completed'
            when f.exit_reason in ('deceased', 'transferred_out', 'emigrated', 'invalid_enrolment') then 'out_' || f.exit_reason
            else 'left_' || f.exit_reason
        end as state
    from first_exit as f cross join labelling as l
)

select
    j.student_key, j.as_of_date, l.target,
    case
        when j.matures_on > l.known_on or j.state like 'out%' then null
        else (j.state like 'left%')::double
    end as label,
    if(j.matures_on > l.known_on, 'not_mature', j.state) as state,
    j.state = 'left_unknown' as is_unknown_exit, j.matures_on, coalesce(x.left_so_far, false) as left_so_far
from judged as j
cross join labelling as l
left join exit_after as x on j.student_key = x.student_key and j.as_of_date = x.as_of_date
