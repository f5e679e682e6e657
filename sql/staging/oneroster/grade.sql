-- one row per result
select
    r.studentsourcedid as student_id, (g.schoolyear - 1) || '-' || g.schoolyear as school_year, g.title as term,
    coalesce(c.subjects, c.title) as subject, l.sourcedid as assessment_id, coalesce(r.scoredate, l.duedate) as assessment_date,
    if(lower(r.scorestatus) in ('exempt', 'not submitted'), null, r.score) as mark, l.resultvaluemax as max_mark,
    case
        when lower(r.scorestatus) = 'exempt' then 'exempt'
        when lower(r.scorestatus) = 'not submitted' or r.score is null then 'missing'
        else 'marked'
    end as state,
    r.file_id, r.line, r.is_deleted
from raw_result as r
inner join raw_line_item as l on r.lineitemsourcedid = l.sourcedid
inner join raw_class as c on l.classsourcedid = c.sourcedid
inner join raw_academic_session as g on l.gradingperiodsourcedid = g.sourcedid
