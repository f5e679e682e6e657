-- one row per submission (a grade, or one left out), and one per assessment that was due and not handed in by its day (a later
-- submission supersedes it)
with due as (
    select
        *, make_date(left(code_presentation, 4)::int, if(right(code_presentation, 1) = 'B', 2, 10), 1) as day_0
    from raw_assessment
),

submitted as (
    select
        s.id_student, d.code_module, d.code_presentation, d.id_assessment, d.assessment_type, d.weight,
        d.day_0 + s.date_submitted as assessment_date, d.day_0 + d.date as due_date, s.score as mark,
        if(s.is_banked = 1, 'exempt', 'marked') as state, s.file_id, s.line,
        case
            when d.id_assessment is null then 'no such assessment in the delivery'
            when s.is_banked = 0 and s.score is null then 'handed in and not yet marked: no grade until the score comes'
        end as left_out, if(d.id_assessment is null, 'id_assessment', null) as left_out_column
    from raw_submission as s
    left join due as d on s.id_assessment = d.id_assessment
),

not_handed_in as (
    select
        r.id_student, d.code_module, d.code_presentation, d.id_assessment, d.assessment_type, d.weight,
        d.day_0 + d.date as assessment_date, d.day_0 + d.date as due_date, null::double as mark, 'missing' as state, r.file_id, r.line
    from raw_registration as r
    inner join due as d on r.code_module = d.code_module and r.code_presentation = d.code_presentation
    left join raw_submission as s on r.id_student = s.id_student and d.id_assessment = s.id_assessment
    where d.date is not null and d.assessment_type <> 'Exam' and r.date_registration <= d.date
        and (r.date_unregistration is null or r.date_unregistration > d.date)
        and (s.date_submitted is null or s.date_submitted > d.date)
)

select
    id_student || '-' || code_module as student_id, code_presentation as school_year, 'T1' as term,
    code_module || '-' || assessment_type as subject, id_assessment as assessment_id, assessment_date, due_date,
    if(state = 'marked', mark, null) as mark, 100 as max_mark, weight as coefficient, state, file_id, line,
    left_out, left_out_column
from (select * from submitted union all by name select * from not_handed_in)
