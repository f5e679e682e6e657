-- one row per full file of tonight and value of `within` in it; what two schools could claim is in no scope
select distinct file_id, delivery_no, $within
from $rows
where file_id in (select file_id from full_file) and $known
