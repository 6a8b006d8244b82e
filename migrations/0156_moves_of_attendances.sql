-- Which report of attendance moved a referral to in_progress, so that the move can be undone with it, however often the
-- report is taken back and restored.

-- +goose Up
alter table referral_moves add column attendance_id uuid, -- null: no report made it
  add foreign key (site_id, attendance_id) references attendances_all (site_id, id);

update referral_moves m set attendance_id = a.id
from attendances_all a
where a.site_id = m.site_id and a.referral_id = m.referral_id and a.attended and a.reported_by = m.side
  and m.to_status = 'in_progress'
  and (a.created_at = m.recorded_at or exists (
    select from voids v
    where v.site_id = a.site_id and v.subject_type = 'attendance' and v.subject_id = a.id and v.undone_at = m.recorded_at
  ));
