-- one row per line of a returned list; left_out says why it is no answer, left_out_column where to look
with judged as (
    select
        *,
        case
            when coalesce(decision_text, action_text, action_text_day, outcome_text, note_code, remark) is null then 'no answer'
            when number is null then 'an answer without a student number'
            when known_id is null then 'a number that could be of several students'
            when list_text is null and list_day is null then 'an answer without the date of its list'
            when list_day is null and is_list_day_double then 'a date that two formats read differently'
            when list_day is null then 'not a date'
            when decision_text is not null and decision is null then 'a word that the list does not offer'
            when action_text is not null and action is null then 'a word that the list does not offer'
            when outcome_text is not null and outcome is null then 'a word that the list does not offer'
            when action_text_day is not null and action_date is null and is_action_day_double
                then 'a date that two formats read differently'
            when action_text_day is not null and action_date is null then 'not a date'
            when not regexp_full_match(coalesce(note_code, ''), '\pL{0,3}[-./]?[0-9]{0,4}') then 'a note that is no code'
            when coalesce(decision, action, outcome, note_code) is not null then null
            when action_date is not null then 'a date without a decision or an action'
            else 'a remark alone'
        end as why
    from list_answer
),

told as (
    select
        *,
        case
            when why in ('no answer', 'a remark alone') then null
            when why in ('an answer without a student number', 'a number that could be of several students') then 'student_id'
            when list_day is null then 'list_date'
            when decision_text is not null and decision is null then 'decision'
            when action_text is not null and action is null then 'action'
            when outcome_text is not null and outcome is null then 'outcome'
            when action_text_day is not null and action_date is null then 'action_date'
            when why = 'a note that is no code' then 'note_code'
            when why is not null then 'decision'
        end as why_column
    from judged
)

select
    file_id, line, known_id as student_id, list_day as list_date, decision, action, action_date, outcome, note_code, remark,
    reviewer,
    -- of two lines for one student the last one counts
    if(why is null and row_number() over answers > 1, 'answered again below', why) as left_out, why_column as left_out_column
from told
window answers as (partition by known_id, list_day, why is null order by file_id desc, line desc)
