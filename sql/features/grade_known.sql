-- one row per as_of_date, student and assessment of this year or the one before, as it was known then
select
    c.as_of_date, c.student_key, g.school_year = c.school_year as is_this_year, g.term, g.subject,
    g.assessment_id, coalesce(g.assessment_date, g.known_at) as assessment_date,
    coalesce(g.due_date, g.assessment_date, g.known_at) as due_date, g.state,
    -- work without a coefficient counts once, ungraded work barely; decimals, so that sums do not depend on their order
    case when g.coefficient is null then 1 when g.coefficient > 0 then g.coefficient else 0.01 end::decimal(9, 4) as weight,
    if(g.state = 'marked', g.mark / g.max_mark, null)::decimal(12, 8) as mark_share,
    g.state in ('absent', 'missing') as is_missing,
    if(g.state = 'marked', g.assessment_date - g.due_date, null) as late_days,
    row_number() over (
        partition by c.as_of_date, c.student_key, g.school_year order by coalesce(g.assessment_date, g.known_at) desc, g.subject, g.assessment_id
    ) as recency,
    count(*) filter (where g.state = 'marked') over (
        partition by c.as_of_date, c.student_key, g.school_year order by coalesce(g.assessment_date, g.known_at) desc, g.subject, g.assessment_id
    ) as marked_recency
from cohort as c
inner join school_year as y on y.year_no = c.year_no - 1 or y.year_no = c.year_no
inner join core.grade as g
    on c.student_key = g.student_key and g.school_year = y.school_year and coalesce(g.assessment_date, g.known_at) <= c.as_of_date
    and g.known_at <= c.as_of_date and (g.known_until is null or g.known_until > c.as_of_date)
