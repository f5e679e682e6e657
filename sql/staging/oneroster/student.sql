-- one row per user who is a student
select
    u.sourcedid as student_id, u.givenname as given_name, u.familyname as family_name, d.birthdate as birth_date,
    case lower(d.sex) when 'male' then 'male' when 'm' then 'male' when 'female' then 'female' when 'f' then 'female' end as sex,
    u.file_id, u.line, u.is_deleted
from raw_person as u
left join raw_demographic as d on u.sourcedid = d.sourcedid and not d.is_deleted
