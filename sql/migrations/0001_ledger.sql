-- the operator's ledger: runs, deliveries, files, what was left out and why, models and their evaluation
create schema ops;
create schema core;
create schema night;

create table ops.run (
    run_id varchar primary key, kind varchar not null, as_of_date date not null, status varchar not null,
    exit_code integer, started_at timestamp not null, finished_at timestamp, seconds double,
    code_version varchar not null, settings_sha256 varchar not null, inputs_sha256 varchar
);
create table ops.step (
    run_id varchar not null, ordinal integer not null, step varchar not null, status varchar not null,
    started_at timestamp not null, seconds double not null, counts varchar not null
);
create sequence ops.delivery_number;
create sequence ops.file_number;
create table ops.delivery (
    delivery_id varchar primary key, delivery_no integer not null unique, name varchar not null, source varchar not null,
    delivered_on date, arrived_on date not null, is_history boolean not null, status varchar not null,
    file_count integer not null, byte_count bigint not null, again_count integer not null default 0
);
create table ops.file (
    file_id integer primary key, delivery_no integer not null, file varchar not null, source_file varchar not null,
    line_count bigint not null, row_count bigint not null, reject_count bigint not null
);
create table ops.reject (
    file_id integer not null, line bigint not null, column_name varchar not null, reason varchar not null
);
create table ops.quarantine (
    delivery_no integer not null, table_name varchar not null, file_id integer not null, line bigint not null,
    rules varchar[] not null, row_data varchar not null
);
create table ops.rule_result (
    delivery_no integer not null, table_name varchar not null, rule varchar not null, severity varchar not null,
    row_count bigint not null, violation_count bigint not null
);
create table ops.load_count (
    delivery_no integer not null, table_name varchar not null, row_count bigint not null, quarantined_count bigint not null,
    loaded_count bigint not null, unchanged_count bigint not null
);
create table ops.model (
    version varchar primary key, target varchar not null, method varchar not null, status varchar not null,
    trained_as_of date not null, promoted_at timestamp, why varchar not null, card varchar not null
);
create table ops.evaluation (
    version varchar not null, target varchar not null, cohort varchar not null, as_of_group varchar not null,
    ranking varchar not null, metric varchar not null, size_share double, value double, low double, high double,
    student_count bigint not null, event_count bigint not null
);
create table ops.generation (
    generation_id varchar primary key, run_id varchar not null, as_of_date date not null, published_at timestamp not null,
    student_count bigint not null, listed_count bigint not null
);

create table night.score (
    student_key bigint not null, as_of_date date not null, target varchar not null, model_version varchar not null,
    method varchar not null, raw double, chance double, chance_low double, chance_high double,
    is_abstained boolean not null, abstain_reason varchar, school_id varchar not null, school_rank integer,
    is_listed boolean not null
);
create table night.concept (
    student_key bigint not null, as_of_date date not null, target varchar not null, concept varchar not null, log_odds double not null
);
create table night.reason (
    student_key bigint not null, as_of_date date not null, target varchar not null, direction varchar not null,
    reason_rank integer not null, concept varchar not null, feature varchar not null, log_odds double not null,
    value double, class_mean double
);
