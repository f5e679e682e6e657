-- one row per delivery of the inbox that is incomplete: since when, and how many nights have found it so
create table ops.waiting (
    place varchar primary key, first_on date not null, last_on date not null, night_count integer not null
);
