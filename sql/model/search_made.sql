-- one row per version on record of the target whose season searched on the same rows with the same settings: that search
select json_extract(card, '$.search')::varchar as search
from ops.model
where target = $target and json_extract_string(card, '$.search.key') = $key
order by trained_as_of desc, version
