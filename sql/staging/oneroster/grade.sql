-- one row per result: a grade, or one left out
with session as (
    select s.sourcedid, s.title, coalesce(s.schoolyear, year(y.end_date)) as school_year
    from raw_academic_session as s
    left join school_year as y on s.startdate + ((s.enddate - s.startdate) // 2)::integer between y.start_date and y.end_date
),

delivered as (
    select f.file_id, if(d.is_history, coalesce(d.delivered_on, d.arrived_on), d.arrived_on) as known_on
    from ops.file as f
    inner join ops.delivery as d on f.delivery_no = d.delivery_no
),

result as (
    select
        r.*, l.sourcedid as item, l.resultvaluemax, c.sourcedid as class_id, g.school_year, g.title as term,
        coalesce(c.subjects, k.subjects, k.title, c.title) as subject, coalesce(l.duedate, r.scoredate) as due, l.duedate as due_on,
        case
            when r.scorestatus in ('exempt', 'missing') then r.scorestatus
            when r.score is not null then 'marked'
        end as state,
        coalesce(r.scorestatus = 'missing' and coalesce(due > d.known_on, true), false) as is_early
    from raw_result as r
    left join delivered as d on r.file_id = d.file_id
    left join raw_line_item as l on r.lineitemsourcedid = l.sourcedid
    left join raw_class as c on l.classsourcedid = c.sourcedid
    left join raw_course as k on c.coursesourcedid = k.sourcedid
    left join session as g on l.gradingperiodsourcedid = g.sourcedid
)

select
    studentsourcedid as student_id, (school_year - 1) || '-' || school_year as school_year, term, subject,
    item as assessment_id, if(state = 'missing', due, coalesce(scoredate, due)) as assessment_date, due_on as due_date,
    if(state = 'marked', score, null) as mark, resultvaluemax as max_mark, state, file_id, line, is_deleted,
    case
        when item is null then 'no such line item in the delivery'
        when class_id is null then 'its line item is of no class in the delivery'
        when school_year is null then 'its line item is of no grading period in the delivery'
        when is_deleted then null  -- a deletion needs the key alone
        when scorestatus is null and score is null then 'neither score nor status'
        when state is null then 'handed in and not yet marked: no grade until the score comes'
        when is_early then 'not handed in and not yet due'
    end as left_out,
    case
        when item is null or class_id is null or school_year is null then 'lineItemSourcedId'
        when scorestatus is null and score is null then 'scoreStatus'
    end as left_out_column
from result
