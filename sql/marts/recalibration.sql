-- one row per model version, newest matured date and night that held its chances against the outcomes known by then
select
    version, target, as_of_date, newest_matured_date, kind, intercept, slope, student_count, event_count, calibration_error_before,
    calibration_error_after
from ops.recalibration
order by version, as_of_date, newest_matured_date
