-- one row per student and target, as of tonight; all but the pseudonym is shared with nine others or more
with shown as (
    -- a pseudonym that stayed would let whoever keeps two nights' files follow a pupil through known changes
    select
        left(sha256((select salt from disclosure_secret) || encode(concat_ws('/', 'student', r.as_of_date, r.student_key))), 15) as student_key,
        r.as_of_date, r.target, p.school_id, p.grade_level, p.school_year, r.model_version, r.method,
        round(avg(r.chance::decimal(18, 9)) over same, 4) as chance,
        round(avg(r.chance_low::decimal(18, 9)) over same, 4) as chance_low,
        round(avg(r.chance_high::decimal(18, 9)) over same, 4) as chance_high,
        r.is_listed, r.is_abstained, r.abstain_reason
    from exact.marts.student_risk as r
    inner join pupil_class as p on r.student_key = p.student_key and p.is_shown
    window same as (partition by r.target, p.school_id, p.grade_level, p.school_year, p.is_listed, p.state, p.group_no)
)

select *
from shown
order by target, student_key
