-- one row per group of rows of $table in which a key may stand twice: the key itself, or its part beside the date and 63 days
select $group
from staging.arrived.$table
where delivery_no not in ($refused)
group by all
having $is_crowded
