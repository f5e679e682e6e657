-- one row per received file of $file_ids: its delivery, when it came, and what it was read as
select
    f.file_id, d.name as delivery, coalesce(d.delivered_on, d.arrived_on) as received_on, f.file, f.source, f.source_file,
    d.delivery_id
from ops.file as f
inner join ops.delivery as d on f.delivery_no = d.delivery_no
where list_contains($file_ids::integer[], f.file_id)
order by received_on, f.file_id
