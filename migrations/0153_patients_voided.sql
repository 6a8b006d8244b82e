-- A person who should never have been recorded. Patients stay a table: whoever reads people goes through what hangs on
-- them, which falls with them, or through search, which leaves them out.

-- +goose Up
alter table patients add column void_id uuid, add foreign key (site_id, void_id) references voids (site_id, id);
drop index patients_nhs_number;
create unique index patients_nhs_number on patients (site_id, nhs_number)
  where nhs_number is not null and merged_into_id is null and void_id is null and not nhs_number_unissued;
