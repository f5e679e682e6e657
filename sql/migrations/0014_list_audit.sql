-- one row per night, date of the lists that were measured, group of the students and metric; `kind` is lists or outcomes
create table ops.list_audit (
    as_of_date date not null, target varchar not null, model_version varchar not null, measured_on date not null,
    kind varchar not null, student_group varchar not null, metric varchar not null, value double, low double, high double,
    student_count bigint not null, event_count bigint not null, is_out_of_bounds boolean not null, is_told boolean not null,
    primary key (as_of_date, target, kind, student_group, metric)
);
-- one row per night whose lists the operator accepts though a group is out of bounds
create table ops.audit_acceptance (
    as_of_date date primary key, reason varchar not null, who varchar not null, accepted_at timestamp not null,
    model_version varchar, student_groups varchar
);
