-- one row per snapshot: what became of it by the census day of the next school year
with at_census as (
    select s.student_key, s.as_of_date, y.census_date, coalesce(bool_or(e.student_key is not null), false) as is_found
    from snapshot as s
    inner join school_year as y on s.school_year = y.school_year
    left join enrolment_known as e
        on s.student_key = e.student_key and e.year_no = y.year_no + 1 and e.entry_date <= y.census_date
        and e.exit_reason is distinct from 'invalid_enrolment'
    group by all
)

select
    c.student_key, c.as_of_date, c.census_date + l.lag_days as matures_on, c.census_date + 1 as back_from,
    coalesce(x.left_so_far, false) as left_so_far,
    case
        when c.is_found then 'stayed'
        when x.exit_reason = 'graduated' then 'completed'
        when x.exit_reason in ('deceased', 'transferred_out', 'emigrated', 'invalid_enrolment') then 'out_' || x.exit_reason
        when x.exit_reason in ('dropped_out', 'expelled', 'aged_out') then 'left_' || x.exit_reason
        when x.exit_reason = 'unknown' then 'left_unknown'
        when s.grade_level = l.last_grade then 'out_finishing_unrecorded'
        else 'left_not_found'
    end as state
from at_census as c
inner join snapshot as s on c.student_key = s.student_key and c.as_of_date = s.as_of_date
cross join labelling as l
left join exit_after as x on c.student_key = x.student_key and c.as_of_date = x.as_of_date
