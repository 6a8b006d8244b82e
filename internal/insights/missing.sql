-- Episodes received in the period, by site, month and facet: of how many each field of the minimum data set is known, and of those
-- with a baseline how many answered each item of its instruments. "Not known" and "not asked" are not known; "asked, and not
-- stated" is.
-- @of is e, @need is e.need_primary, @on is e.received_on
with person as materialized (
  select e.site_id, e.id, month_number(e.received_on) as month, @facets as facets,
    p.nhs_number, p.gender, p.ethnic_category, p.carer, p.imd_decile, p.gp_practice_code, p.language, p.contact_preference, p.phone, p.email,
    p.national_data_opt_out, e.need_primary, e.risks, e.what_matters, e.first_contact_on, e.baseline_on,
    exists (select from standing_consents c where c.site_id = e.site_id and c.patient_id = e.patient_id and c.purpose = 'follow_up_contact' and c.decision <> 'not_asked') as asked
  from episodes e
  join patients p on p.site_id = e.site_id and p.id = e.patient_id
  where e.site_id = any(cast(@sites as uuid[])) and e.received_on >= @from and e.received_on < @until and @theirs(e.id)
), place as materialized (
  select site_id, month, facet, count(*) as people,
    count(nhs_number) as nhs_number, count(*) filter (where gender <> 'not_known') as gender, count(*) filter (where ethnic_category <> '99') as ethnic_category,
    count(*) filter (where carer <> 'not_known') as carer, count(imd_decile) as imd_decile, count(gp_practice_code) as gp_practice_code, count(language) as language,
    count(*) filter (where contact_preference <> 'not_known') as contact_preference, count(*) filter (where phone is not null or email is not null) as phone_or_email,
    count(national_data_opt_out) as national_data_opt_out, count(*) filter (where need_primary <> 'not_yet_known') as need, count(risks) as risks, count(what_matters) as what_matters,
    count(first_contact_on) as first_contact, count(baseline_on) as baseline, count(*) filter (where asked) as consent_to_follow_up
  from person, unnest(facets) facet
  group by 1, 2, 3
), item as (
  select instrument, item, best from jsonb_to_recordset(cast(@items as jsonb)) as i (instrument text, item text, best float8)
), answer as materialized (
  select p.site_id, p.month, facet, i.instrument, i.item, count(*) as asked, count(v) as known, count(*) filter (where v = i.best) as best
  from person p
  join assessments a on a.site_id = p.site_id and a.episode_id = p.id and a.timepoint = 'baseline' and a.corrected_by_id is null and not a.not_counted
  join item i on i.instrument = a.instrument
  cross join lateral (select case jsonb_typeof(a.responses -> i.item) when 'number' then (a.responses ->> i.item)::float8 end as v) r, unnest(p.facets) facet
  where p.baseline_on is not null
  group by 1, 2, 3, 4, 5
)
select site_id::text as site_id, month, field as sub, facet, 0 as no_baseline, 0 as not_asked, people - known as unknown, known, 0 as best
from place, lateral (values
  ('nhs_number', nhs_number), ('gender', gender), ('ethnic_category', ethnic_category), ('carer', carer), ('imd_decile', imd_decile), ('gp_practice_code', gp_practice_code),
  ('language', language), ('contact_preference', contact_preference), ('phone_or_email', phone_or_email), ('national_data_opt_out', national_data_opt_out), ('need', need), ('risks', risks),
  ('what_matters', what_matters), ('first_contact', first_contact), ('baseline', baseline), ('consent_to_follow_up', consent_to_follow_up)
) f (field, known)
union all
select p.site_id::text, p.month, i.instrument || '.' || i.item, p.facet, p.people - p.baseline, p.baseline - coalesce(a.asked, 0), coalesce(a.asked - a.known, 0), coalesce(a.known - a.best, 0), coalesce(a.best, 0)
from place p
cross join item i
left join answer a on a.site_id = p.site_id and a.month = p.month and a.facet = p.facet and a.instrument = i.instrument and a.item = i.item
