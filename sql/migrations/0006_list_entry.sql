-- one row per publication, school and student on its list: what was said of the student, and the main numbers of that night
create table ops.list_entry (
    generation_id varchar not null, as_of_date date not null, school_id varchar not null, school_year varchar,
    grade_level integer, student_key bigint not null, target varchar not null, method varchar not null,
    model_version varchar not null, chance double, school_rank integer not null,
    absences_unexcused_28d_count float, registers_taken_28d_count float, absence_share_year float,
    mark_mean_year_share float, assessments_missing_count float, incidents_year_count float
);

-- the same rows of the publication that is being built: they are recorded once `published/current` points at it
create table night.list_entry as from ops.list_entry limit 0;
