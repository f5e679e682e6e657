-- one row per version of a contested key of $table; a repetition is news only after a deletion, or in history, where a
-- later delivery may still put something in between
with ordered as (
    select *, row($said) as said, row_number() over (partition by $key order by $order) as event_no
    from event
),

news as (
    select *
    from ordered
    qualify
        not is_row or is_history or not coalesce(lag(is_row) over (partition by $key order by event_no), false)
        or lag(said) over (partition by $key order by event_no) is distinct from said
),

version as (
    select *, lead(known_at) over (partition by $key order by event_no) as known_until
    from news
)

select $columns, known_at, known_until, delivery_no, file_id, line
from version
where is_row
