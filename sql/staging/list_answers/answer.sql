-- one row per line of a returned list: its cells as codes and dates, and what of them is none
with dated as (
    select
        l.*, o.day_order, p.number, p.student_id as known_id, ld.said_day as list_said, ld.day_first as list_day_first,
        ld.month_first as list_month_first, ad.said_day as action_said, ad.day_first as action_day_first,
        ad.month_first as action_month_first, ad.written as action_written
    from returned_line as l
    left join list_day_order as o on l.file_id = o.file_id
    left join answer_pupil as p on l.file_id = p.file_id and l.line = p.line
    left join answer_day as ld on l.list_date = ld.written
    left join answer_day as ad on l.action_date = ad.written
),

resolved as (
    select
        *,
        coalesce(
            list_said, if(list_month_first is null or list_day_first = list_month_first, list_day_first, null),
            if(list_day_first is null, list_month_first, null),
            if(day_order = 'day_first', list_day_first, null), if(day_order = 'month_first', list_month_first, null)
        ) as own_day
    from dated
),

placed as (
    -- a line without its list's date has that of the others
    select
        *,
        coalesce(
            own_day, if(list_date is null and min(own_day) over file = max(own_day) over file, min(own_day) over file, null)
        ) as list_day
    from resolved
    window file as (partition by file_id)
)

select
    p.file_id, p.line, p.number, p.known_id, p.list_date as list_text, p.list_day,
    p.list_day_first is not null and p.list_month_first is not null as is_list_day_double,
    d.bare as decision_text, d.code as decision, a.bare as action_text, a.code as action,
    o.bare as outcome_text, o.code as outcome, n.bare as note_code, r.bare as remark, v.bare as reviewer,
    p.action_written as action_text_day,
    p.action_day_first is not null and p.action_month_first is not null as is_action_day_double,
    coalesce(
        p.action_said, if(p.action_month_first is null or p.action_day_first = p.action_month_first, p.action_day_first, null),
        if(p.action_day_first is null, p.action_month_first, null),
        if(p.day_order = 'day_first', p.action_day_first, null), if(p.day_order = 'month_first', p.action_month_first, null),
        -- what two forms read differently is the day between list and return, if only one is
        case
            when (p.action_day_first between p.list_day and t.as_of_date)
                > (p.action_month_first between p.list_day and t.as_of_date) then p.action_day_first
            when (p.action_month_first between p.list_day and t.as_of_date)
                > (p.action_day_first between p.list_day and t.as_of_date) then p.action_month_first
        end
    ) as action_date
from placed as p
cross join list_night as t
left join answer_cell as d on d.column_name = 'decision' and p.decision = d.written
left join answer_cell as a on a.column_name = 'action' and p.action = a.written
left join answer_cell as o on o.column_name = 'outcome' and p.outcome = o.written
left join answer_cell as n on n.column_name = 'note_code' and p.note_code = n.written
left join answer_cell as r on r.column_name = 'remark' and p.remark = r.written
left join answer_cell as v on v.column_name = 'reviewer' and p.reviewer = v.written
