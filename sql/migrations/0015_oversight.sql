-- what people decide about a model and what families say of an entry; and which version gave tonight's chances, and why that one
create table ops.suspension (
    version varchar not null, target varchar not null, suspended_at timestamp not null, why varchar not null, resumed_at timestamp,
    primary key (version, suspended_at)
);
create table ops.contest (
    student_key bigint not null, contested_on date not null, why_code varchar not null, answered_on date, answer_code varchar,
    primary key (student_key, contested_on)
);
create table night.serving (
    as_of_date date not null, target varchar not null, in_force varchar not null, served varchar not null, state varchar not null,
    since date not null
);
