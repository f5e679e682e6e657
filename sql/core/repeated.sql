-- one row per key of $table that arrived more than once
with crowded as (
    select $part, block_no
    from block
    group by all
    having sum(row_count) > bit_count(bit_or(days))
)

select $key
from (select $key, $block_no as block_no from arrived) as a
semi join crowded using ($part, block_no)
group by $key
having count(*) > 1
