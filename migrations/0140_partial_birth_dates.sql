-- A birth date of which only the year or the month is known, or nothing.

-- +goose Up
drop trigger if exists patients_birth_date_changed on patients;
drop trigger if exists patients_names_changed on patients;
-- the day, the month (1961-05) or the year (1961), as far as it is known; null: not known
alter table patients alter birth_date type text using to_char(birth_date, 'YYYY-MM-DD');
alter table patients alter birth_date drop not null;
alter table patients add constraint patients_birth_date
  check (birth_date ~ '^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$');
-- its values take another type
drop function if exists age_band(date, date);
