-- one row per row in quarantine: as it was, under the new pseudonym
select
    q.* exclude (aside_key) replace (
        coalesce(replace(q.row_data, '"student_key":' || k.old_key, '"student_key":' || k.new_key), q.row_data) as row_data
    )
from (
    select *, try_cast(nullif(regexp_extract(row_data, '"student_key":(\d+)', 1), '') as bigint) as aside_key from ops.quarantine
) as q
left join rekey as k on q.aside_key = k.old_key
