-- one row per student, school and school year: a student has an enrollment in each class, and may be in several schools
with school_year as (
    select schoolyear, min(startdate) as start_date, max(enddate) as end_date
    from raw_academic_session where type = 'schoolYear' group by schoolyear
),

placed as (
    select
        e.usersourcedid as student_id, e.schoolsourcedid as school_id, y.schoolyear, y.end_date, e.file_id, e.line, e.is_deleted,
        coalesce(e.begindate, t.startdate, y.start_date) as begins, e.enddate as ends,
        if(c.classtype = 'homeroom', c.sourcedid, null) as homeroom, coalesce(u.grades, c.grades) as grades
    from raw_enrollment as e
    inner join raw_class as c on e.classsourcedid = c.sourcedid
    inner join raw_academic_session as t on trim(split_part(c.termsourcedids, ',', 1)) = t.sourcedid
    inner join school_year as y on t.schoolyear = y.schoolyear
    left join raw_person as u on e.usersourcedid = u.sourcedid
),

-- who has one enrollment left is still there; classes that ended before the others are no exit
whole as (
    select
        student_id, school_id, schoolyear, any_value(end_date) as end_date, file_id, min(line) as line,
        bool_and(is_deleted) as is_deleted,
        coalesce(min(begins) filter (where not is_deleted), min(begins)) as entry_date,
        if(bool_or(ends is null and not is_deleted), null, max(ends) filter (where not is_deleted)) as last_day,
        max(homeroom) filter (where not is_deleted) as class_id, max(grades) as grades
    from placed
    group by student_id, school_id, schoolyear, file_id
)

select
    student_id, school_id, (schoolyear - 1) || '-' || schoolyear as school_year,
    try_cast(trim(split_part(grades, ',', 1)) as integer) as grade_level, class_id, entry_date,
    if(last_day < end_date, last_day, null) as exit_date, if(last_day < end_date, 'unknown', null) as exit_reason,
    file_id, line, is_deleted
from whole
