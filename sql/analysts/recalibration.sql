-- one row per model version, newest matured date and night that held its chances against the outcomes known by then
select
    version, target, as_of_date, newest_matured_date, kind, intercept, slope,
    shown_count('recalibration/students/' || version || '/' || newest_matured_date, student_count) as student_count,
    shown_part('recalibration/left/' || version || '/' || newest_matured_date, event_count, student_count) as event_count,
    calibration_error_before, calibration_error_after
from ops.recalibration
order by version, as_of_date, newest_matured_date
