-- one row per module: a module stands for a school
select code_module as school_id, 'Module ' || code_module as school_name, 'tertiary' as level, file_id, min(line) as line, list(line) as lines
from raw_course
group by code_module, file_id
