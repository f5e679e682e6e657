-- one row per thing said of a contested key of $table: a row that stood or arrived, or that it is gone
with said as (
    select $columns, known_at, delivery_no, file_id, line, true as is_row
    from core.$table as o
    semi join contested using ($key)
    where $delivered
    union all by name
    select $columns, known_at, delivery_no, file_id, line, true as is_row
    from arrived
    semi join contested using ($key)
    union all by name
    select $key, known_at, delivery_no, file_id, line, false as is_row
    from gone.$table
    semi join contested using ($key)
)

select s.*, coalesce(d.is_history, false) as is_history, coalesce(d.name, '') as delivery
from said as s
left join ops.delivery as d on s.delivery_no = d.delivery_no
