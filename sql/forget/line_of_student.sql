-- one row per received line that a row of students $keys in $table came from: its delivery's folder, the file and the line
select distinct d.delivery_id, f.file, r.line
from $table as r
inner join ops.file as f on r.file_id = f.file_id
inner join ops.delivery as d on f.delivery_no = d.delivery_no
where $condition and r.line is not null
