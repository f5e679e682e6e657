-- one row per student, school and school year (a student has an enrollment in each class), and one per enrollment left out
with session as (
    select
        s.sourcedid, s.type, s.startdate, s.enddate,
        -- the standard's schoolYear; where it is empty, the country's year in which the middle of the session lies
        coalesce(s.schoolyear, year(y.end_date)) as school_year
    from raw_academic_session as s
    left join school_year as y on s.startdate + ((s.enddate - s.startdate) // 2)::integer between y.start_date and y.end_date
),

-- the dates of a year are its own where it is among the sessions, else those of all its sessions together
year_of as (
    select
        school_year, coalesce(min(startdate) filter (where type = 'schoolYear'), min(startdate)) as start_date,
        coalesce(max(enddate) filter (where type = 'schoolYear'), max(enddate)) as end_date
    from session
    where school_year is not null
    group by school_year
),

named_term as (
    select
        sourcedid, unnest(string_split(termsourcedids, ',')) as term,
        generate_subscripts(string_split(termsourcedids, ','), 1) as place
    from raw_class
),

term as (
    select n.sourcedid as class_id, s.school_year, s.startdate
    from named_term as n
    inner join session as s on trim(n.term) = s.sourcedid
    where s.school_year is not null
    qualify row_number() over (partition by n.sourcedid order by n.place) = 1
),

placed as (
    select
        e.usersourcedid as student_id, e.schoolsourcedid as school_id, t.school_year, y.end_date, e.file_id, e.line, e.is_deleted,
        coalesce(e.begindate, t.startdate, y.start_date) as begins, e.enddate as ends,
        if(c.classtype = 'homeroom', c.sourcedid, null) as homeroom, coalesce(u.grades, c.grades) as grades,
        case
            when c.sourcedid is null then 'no such class in the delivery'
            when t.class_id is null then 'its class has no term that lies in a school year'
        end as left_out
    from raw_enrollment as e
    left join raw_class as c on e.classsourcedid = c.sourcedid
    left join term as t on c.sourcedid = t.class_id
    left join year_of as y on t.school_year = y.school_year
    left join raw_person as u on e.usersourcedid = u.sourcedid
),

-- who has one enrollment left is still there; classes that ended before the others are no exit
whole as (
    select
        student_id, school_id, school_year, any_value(end_date) as end_date, file_id, min(line) as line, list(line) as lines,
        bool_and(is_deleted) as is_deleted,
        coalesce(min(begins) filter (where not is_deleted), min(begins)) as entry_date,
        if(bool_or(ends is null and not is_deleted), null, max(ends) filter (where not is_deleted)) as last_day,
        max(homeroom) filter (where not is_deleted) as class_id, max(grades) as grades, null as left_out
    from placed
    where left_out is null
    group by student_id, school_id, school_year, file_id
    union all by name
    select file_id, line, is_deleted, left_out from placed where left_out is not null
)

select
    student_id, school_id, (school_year - 1) || '-' || school_year as school_year,
    try_cast(trim(split_part(grades, ',', 1)) as integer) as grade_level, class_id, entry_date,
    if(last_day < end_date, last_day, null) as exit_date, if(last_day < end_date, 'unknown', null) as exit_reason,
    file_id, line, lines, is_deleted, left_out, 'classSourcedId' as left_out_column
from whole
