-- one row per line of a returned list that is not blank, its cells as they were written; what lists of before asked is a remark
select f.file, r.* exclude (is_deleted, objection) replace (nullif(concat_ws('. ', r.remark, r.objection), '') as remark)
from (
    from raw_list_en
    union all by name
    from raw_list_fr
    union all by name
    from raw_list_ar
) as r
inner join ops.file as f on r.file_id = f.file_id
