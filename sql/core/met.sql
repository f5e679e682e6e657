-- one row per key of $relation that arrived as well
with arrived_day as (
    select $part, block_no, bit_or(days) as days
    from block
    group by all
)

select distinct $key
from (select $key, $block_no as block_no, $day as day from $relation) as o
inner join arrived_day as a using ($part, block_no)
where o.day & a.days <> 0
