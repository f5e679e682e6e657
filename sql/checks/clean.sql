-- one row per row of $table that broke no rule, as it arrived
select r.* exclude (row_no)
from (select * from staging.arrived.$table where delivery_no not in ($refused)) as r
anti join (select row_no from staging.checked.broken where table_name = '$table') as b on r.row_no = b.row_no
