-- one row per line of a forgotten pupil in a received file that is loaded (or refused) and was not cut since
select distinct d.delivery_id, f.file, s.line
from ops.suppressed as s
inner join ops.file as f on s.file_id = f.file_id
inner join ops.delivery as d on f.delivery_no = d.delivery_no
where
    d.status in ('loaded', 'refused')
    and not exists (from ops.raw_cut as c where c.delivery_no = f.delivery_no and c.file = f.file)
order by d.delivery_id, f.file, s.line
