-- one row per returned list: whether its dates have the day or the month first; NULL where nothing tells
-- The program that rewrote the dates rewrote that of the list too, and of that one it is known when it can have been.
with list_day as (
    select
        l.file_id, l.file, l.language, d.day_first, d.month_first,
        d.day_first is null or d.day_first > n.as_of_date as is_no_day_first,
        d.month_first is null or d.month_first > n.as_of_date as is_no_month_first,
        coalesce(contains(l.file, d.day_first::varchar), false) as is_named_day_first,
        coalesce(contains(l.file, d.month_first::varchar), false) as is_named_month_first,
        coalesce(d.day_first in (select as_of_date from ops.generation), false) as is_published_day_first,
        coalesce(d.month_first in (select as_of_date from ops.generation), false) as is_published_month_first
    from returned_line as l
    cross join list_night as n
    left join answer_day as d on l.list_date = d.written and d.said_day is null and d.day_first is distinct from d.month_first
)

select
    file_id,
    case
        when bool_or(is_named_day_first) then 'day_first'
        when bool_or(is_named_month_first) then 'month_first'
        when bool_or(day_first is not null or month_first is not null) and bool_and(is_no_month_first) then 'day_first'
        when bool_or(day_first is not null or month_first is not null) and bool_and(is_no_day_first) then 'month_first'
        when bool_or(is_published_day_first) > bool_or(is_published_month_first) then 'day_first'
        when bool_or(is_published_month_first) > bool_or(is_published_day_first) then 'month_first'
        when any_value(language) <> 'en' then 'day_first'  -- in English both are in use
    end as day_order
from list_day
group by file_id
