-- one row per version, newest matured date and night that held its chances against the outcomes known by then
create table ops.recalibration (
    version varchar not null, target varchar not null, as_of_date date not null, newest_matured_date date not null,
    kind varchar not null, intercept double not null, slope double not null, student_count bigint not null,
    event_count bigint not null, calibration_error_before double, calibration_error_after double,
    primary key (version, newest_matured_date, as_of_date)
);
