-- one row per enrolment as it is known on the day of labelling; one that never was counts only where the year holds no other
with known as (
    select
        e.student_key, e.school_id, e.school_year, y.year_no, e.entry_date, e.exit_date,
        if(e.exit_date is null, null, coalesce(e.exit_reason, 'unknown')) as exit_reason
    from core.enrolment as e
    inner join labelling as l on e.known_at <= l.known_on and (e.known_until is null or e.known_until > l.known_on)
    left join school_year as y on e.school_year = y.school_year
)

-- exit_says: of two exits on one day the one that tells where the student is outweighs the one that does not
select *,
    list_position(
        ['invalid_enrolment', 'transferred_in', 'unknown', 'aged_out', 'expelled', 'dropped_out', 'emigrated', 'transferred_out',
            'graduated', 'deceased'],
        exit_reason
    ) as exit_says
from known
qualify
    exit_reason is distinct from 'invalid_enrolment'
    or bool_and(exit_reason is not distinct from 'invalid_enrolment') over (partition by student_key, school_year)
