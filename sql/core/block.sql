-- one row per delivery and block of arrived keys of $table: with a date in the key, bit n of `days` is day n of 63
select delivery_no, $part, $block_no as block_no, bit_or($day) as days, count(*) as row_count
from arrived
group by all
