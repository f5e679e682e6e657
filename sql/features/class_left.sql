-- one row per as_of_date and class with anyone in it this year: share of them who have left for dropping out, as known then
with year as (
    select distinct as_of_date, school_year, start_date from cohort
),

member as (
    select
        y.as_of_date, e.class_id, e.student_key,
        max(e.exit_date) filter (
            where e.exit_date <= y.as_of_date and e.exit_reason in ('dropped_out', 'expelled', 'aged_out', 'unknown')
        ) as left_on
    from year as y
    inner join core.enrolment as e
        on e.school_year = y.school_year and e.known_at <= y.as_of_date and (e.known_until is null or e.known_until > y.as_of_date)
        and e.class_id is not null and e.entry_date <= y.as_of_date and (e.exit_date is null or e.exit_date > y.start_date)
        and e.exit_reason is distinct from 'invalid_enrolment'
    group by y.as_of_date, e.class_id, e.student_key
)

select
    as_of_date, class_id, count(left_on) / count(*) as left_year_share,
    count(*) filter (where left_on > as_of_date - 28)
    / nullif(count(*) filter (where left_on is null or left_on > as_of_date - 28), 0) as left_28_share
from member
group by as_of_date, class_id
