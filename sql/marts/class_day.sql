-- one row per class and school day of this school year up to tonight
select d.school_id, d.class_id, d.date, d.is_register_taken, d.is_register_derived, d.pupil_count, d.absent_count, d.late_count
from this_night as t
inner join night.class_day as d on t.as_of_date = d.as_of_date
order by d.school_id, d.class_id, d.date
