-- one row per school of whose pupils or classes tonight's deliveries brought something
select distinct school_id
from core.enrolment
where
    known_until is null
    and (student_key in (select student_key from brought_student) or class_id in (select class_id from brought_class))
