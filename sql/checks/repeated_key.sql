-- one row per key of $table that stands in several rows of one delivery at the same time
select $key, known_at, delivery_no
from staging.arrived.$table as r
where
    delivery_no not in ($refused)
    and exists (select 1 from crowded as c where $is_same)
group by all
having count(*) > 1
