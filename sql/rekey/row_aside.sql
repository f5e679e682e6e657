-- one row per row in quarantine: under the new pseudonym, or without its content where nobody knows the number any more
select
    q.* exclude (aside_key) replace (
        case
            when k.old_key is null then q.row_data
            when k.is_unnumbered then '{}'
            else replace(q.row_data, '"student_key":' || k.old_key, '"student_key":' || k.new_key)
        end as row_data
    )
from (
    select *, try_cast(nullif(regexp_extract(row_data, '"student_key":(\d+)', 1), '') as bigint) as aside_key from ops.quarantine
) as q
left join rekey as k on q.aside_key = k.old_key
