-- one row per school, school year and student on an earlier list: the newest stay, what was said in it, and the numbers then
with entry as (
    -- of another target a chance means something else, lists without him between two with him end a stay
    select
        e.* exclude (chance), if(e.target = t.list_target, e.chance, null) as chance, t.as_of_date as tonight_date,
        e.list_age - row_number() over (partition by e.school_id, e.school_year, e.student_key order by e.list_age) as gap
    from this_night as t
    cross join earlier_entry as e
),

stay as (
    select *
    from entry
    qualify gap = min(gap) over (partition by school_id, school_year, student_key)
),

-- of one night to the next hardly a number moves: they are held against the newest list that is a week old, else the stay's first
compared as (
    select *
    from stay
    qualify row_number() over (
        partition by school_id, school_year, student_key
        order by as_of_date > tonight_date - 7,
            if(as_of_date > tonight_date - 7, as_of_date - tonight_date, tonight_date - as_of_date)
    ) = 1
),

told as (
    select
        school_id, school_year, student_key, min(gap) = 0 as is_on_last_list,
        min(as_of_date) as first_date, max(as_of_date) as last_date,
        arg_min(chance, as_of_date) as first_chance, arg_max(chance, as_of_date) as last_chance,
        arg_max(model_version, as_of_date) as last_model_version
    from stay
    group by school_id, school_year, student_key
)

select
    s.*, c.as_of_date as compared_date,
    c.absences_unexcused_28d_count, c.registers_taken_28d_count, c.absence_share_year,
    c.mark_mean_year_share, c.assessments_missing_count, c.incidents_year_count
from told as s
inner join compared as c
    on s.school_id = c.school_id and s.school_year is not distinct from c.school_year and s.student_key = c.student_key
