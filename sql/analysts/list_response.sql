-- one row per school and list before tonight's that named anybody; counts of students hidden where few, and rounded
with counted as (
    -- a cell is the school's, whatever the list's date: numbers drawn anew for each list would average out
    select
        l.*, 'list_response/answered/' || l.school_id as cell,
        shown_part('school_night/listed/' || l.school_id, l.listed_count, n.enrolled_count) as shown_listed_count
    from exact.marts.list_response as l
    left join exact.marts.school_night as n on l.school_id = n.school_id
),

-- that none or all were answered speaks of the counselor's work and tells on no student, as what was answered does
answered as (
    select *, if(answered_count = 0, 0, shown_count(cell, answered_count)) as shown_answered_count
    from counted
)

select
    school_id, list_date, target, shown_listed_count as listed_count, shown_answered_count as answered_count,
    -- of the shown numbers alone, which are rounded one by one: more than all is possible
    if(shown_answered_count > shown_listed_count, 1, round(shown_answered_count / shown_listed_count, 1)) as answered_share,
    shown_part(cell || '/will_act', will_act_count, answered_count) as will_act_count,
    shown_part(cell || '/already_known', already_known_count, answered_count) as already_known_count,
    shown_part(cell || '/disagree', disagree_count, answered_count) as disagree_count,
    shown_part(cell || '/not_at_this_school', not_at_this_school_count, answered_count) as not_at_this_school_count,
    shown_part(cell || '/acted', acted_count, answered_count) as acted_count,
    shown_part(cell || '/outcome', outcome_count, answered_count) as outcome_count,
    if(answered_count < hidden_below(cell), null, days_to_answer_median) as days_to_answer_median
from answered
order by school_id, list_date
