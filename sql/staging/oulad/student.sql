-- one row per student and module: whoever takes two modules can leave one of them
select
    id_student || '-' || code_module as student_id, if(gender = 'F', 'female', 'male') as sex, disability = 'Y' as disability,
    file_id, line
from raw_info
