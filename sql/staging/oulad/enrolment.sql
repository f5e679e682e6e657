-- one row per registration: an enrolment, which ends on the day of withdrawal or with the presentation; or one left out
with start as (
    select code_module, code_presentation, module_presentation_length as days,
        make_date(left(code_presentation, 4)::int, if(right(code_presentation, 1) = 'B', 2, 10), 1) as day_0
    from raw_course
)

select
    r.id_student || '-' || r.code_module as student_id, r.code_module as school_id, r.code_presentation as school_year,
    r.code_module || '-' || r.code_presentation as class_id, s.day_0 + r.date_registration as entry_date,
    s.day_0 + coalesce(r.date_unregistration, s.days) as exit_date,
    case
        when r.date_unregistration is not null then 'dropped_out'
        when i.final_result = 'Withdrawn' then 'unknown'  -- withdrawn without a date
        else 'graduated'  -- reached the end of the presentation, passed or failed
    end as exit_reason,
    r.file_id, r.line, if(s.code_module is null, 'no such course in the delivery', null) as left_out, 'code_module' as left_out_column
from raw_registration as r
left join start as s on r.code_module = s.code_module and r.code_presentation = s.code_presentation
left join raw_info as i
    on r.code_module = i.code_module and r.code_presentation = i.code_presentation and r.id_student = i.id_student
