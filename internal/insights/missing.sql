-- Episodes received in the period, by site, month and facet, and for each field of the minimum data set of how many it is known.
-- "Not known" and "not asked" are not known; "asked, and not stated" is.
-- @of is e, @need is e.need_primary, @on is e.received_on
with person as materialized (
  select e.site_id, e.received_on, @facets as facets, p.nhs_number, p.gender, p.ethnic_category, p.carer, p.imd_decile, p.gp_practice_code, p.language, p.contact_preference, p.phone, p.email,
    p.national_data_opt_out, e.need_primary, e.risks, e.what_matters, e.first_contact_on, e.baseline_on,
    exists (select from consents c where c.site_id = e.site_id and c.patient_id = e.patient_id and c.purpose = 'follow_up_contact' and c.decision <> 'not_asked') as asked
  from episodes e
  join patients p on p.site_id = e.site_id and p.id = e.patient_id
  where e.site_id = any(cast(@sites as uuid[])) and e.received_on >= @from and e.received_on < @until
)
select site_id::text as site_id, (extract(year from received_on) * 12 + extract(month from received_on) - 1)::int as month, f.field as sub, facet,
  count(*) filter (where not f.known) as unknown, count(*) filter (where f.known) as known
from person, unnest(facets) facet, lateral (values
  ('nhs_number', nhs_number is not null), ('gender', gender <> 'not_known'), ('ethnic_category', ethnic_category <> '99'), ('carer', carer <> 'not_known'),
  ('imd_decile', imd_decile is not null), ('gp_practice_code', gp_practice_code is not null), ('language', language is not null), ('contact_preference', contact_preference <> 'not_known'),
  ('phone_or_email', phone is not null or email is not null), ('national_data_opt_out', national_data_opt_out is not null), ('need', need_primary <> 'not_yet_known'), ('risks', risks is not null),
  ('what_matters', what_matters is not null), ('first_contact', first_contact_on is not null), ('baseline', baseline_on is not null), ('consent_to_follow_up', asked)
) f (field, known)
group by 1, 2, 3, 4
