-- Who may be in a release, whom the record holds at the sites: with the day after which nothing of theirs leaves (null: nothing
-- does), and what they could be recognised by. It is asked as of what was known at an instant.
-- explicit_consent: whose consent to research stands; after a withdrawal that lets data be kept, what was collected until then.
-- anonymised: all but who said no to research. section_251: these too, and of those who did not consent only who was checked
-- against the national data opt-out and has not opted out.
begun as (
  select distinct on (site_id, patient_id) site_id, patient_id, received_on, coalesce(baseline_on, received_on) as on_day
  from episodes
  where site_id = any(cast(@sites as uuid[])) and created_at <= @known
  order by site_id, patient_id, received_on, id
), judged as (
  select p.site_id, p.id as patient_id, b.received_on, b.on_day, p.birth_date, p.gender, p.ethnic_category, p.imd_decile,
    case
      when d.decision = 'given' then 'consented'
      when d.decision = 'withdrawn' and d.withdrawal = 'stop_contact_keep_data' then 'withdrawn_data_kept'
      when d.decision = 'withdrawn' then 'withdrawn'
      when d.decision = 'declined' then 'declined'
      when @basis = 'section_251' and p.national_data_opt_out is distinct from false then 'opted_out_or_not_checked'
      else 'not_asked'
    end as standing,
    d.decided_on
  from patients p
  left join lateral standing_consent(p.site_id, p.id, 'research', @known) d on true
  left join begun b on b.site_id = p.site_id and b.patient_id = p.id
  where p.site_id = any(cast(@sites as uuid[])) and p.merged_into_id is null and p.created_at <= @known
), people as (
  select *,
    case standing
      when 'consented' then 'infinity'::date
      when 'withdrawn_data_kept' then decided_on
      when 'not_asked' then case when @basis <> 'explicit_consent' then 'infinity'::date end
    end as until
  from judged
)
