-- one row per student scored tonight: what may be shown beside the pseudonym, and the group of ten or more that shares it all
with pupil as (
    select
        r.student_key, any_value(r.school_id) as school_id, any_value(r.grade_level) as grade_level,
        any_value(r.school_year) as school_year, bool_or(r.is_listed) as is_listed,
        string_agg(concat_ws('|', r.target, r.model_version, r.method, r.abstain_reason), ', ' order by r.target) as state,
        max(r.chance) filter (r.target = t.list_target) as chance
    from this_night as t
    cross join exact.marts.student_risk as r
    group by r.student_key
),

whole as (
    select *, count(*) over (partition by school_id, grade_level, school_year, is_listed, state) >= $k as is_whole
    from pupil
),

no_school as (
    select
        *, not is_whole and count(*) over (partition by is_whole, grade_level, school_year, is_listed, state) >= $k as is_no_school
    from whole
),

no_grade as (
    select
        *, not is_whole and not is_no_school
        and count(*) over (partition by is_whole or is_no_school, school_id, school_year, is_listed, state) >= $k as is_no_grade
    from no_school
),

no_place as (
    select
        *, is_whole or is_no_school or is_no_grade as is_placed,
        count(*) over (partition by is_whole or is_no_school or is_no_grade, school_year, is_listed, state) as year_count,
        count(*) over (partition by is_whole or is_no_school or is_no_grade, is_listed, state) as rest_count
    from no_grade
),

shown as (
    select
        student_key, chance, is_listed, state, is_placed or year_count >= $k or rest_count >= $k as is_shown, not is_whole as is_generalised,
        if(is_whole or is_no_grade, school_id, null) as school_id, if(is_whole or is_no_school, grade_level, null) as grade_level,
        if(is_placed or year_count >= $k, school_year, null) as school_year
    from no_place
),

placed as (
    select
        *, row_number() over (class order by chance desc, student_key) - 1 as place,
        count(*) over (partition by is_shown, school_id, grade_level, school_year, is_listed, state) as class_count
    from shown
    window class as (partition by is_shown, school_id, grade_level, school_year, is_listed, state)
)

select
    student_key, is_shown, is_generalised, school_id, grade_level, school_year, is_listed, state,
    -- neighbours by chance, ten at a time, and the last group takes what is left over
    least(place // $k, greatest(class_count // $k - 1, 0)) as group_no
from placed
