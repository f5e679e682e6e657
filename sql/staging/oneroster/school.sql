-- one row per org of type school
select sourcedid as school_id, name as school_name, file_id, line, is_deleted
from raw_org
where type = 'school'
