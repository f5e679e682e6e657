-- one row per org: a school, or one left out
select
    sourcedid as school_id, name as school_name, file_id, line, is_deleted,
    if(type = 'school', null, 'an office above schools, or a part of one') as left_out, null as left_out_column
from raw_org
