-- Baseline scores of the sites in scope, each with the response that pairs with it at each follow-up of its episode: of the
-- same instrument version, within the analysis window, nearest the target, ties to the earlier. People with the same two
-- values are one row. No response: "after" is null. Corrected assessments count in nothing.
select b.site_id::text as site_id, @value as value, f.code as timepoint, b.instrument, b.instrument_version as version, b.score, b.value as before, r.value as after,
  @arrived as arrived, count(*) as n
from assessment_scores b
join follow_ups f on f.site_id = b.site_id and f.episode_id = b.episode_id
join episodes e on e.site_id = b.site_id and e.id = b.episode_id
join patients p on p.site_id = b.site_id and p.id = e.patient_id
join code_needs n on n.code = e.need_primary
join code_ethnic_categories g on g.code = p.ethnic_category
cross join lateral (select n.code_group as need_group, coalesce(((p.imd_decile + 1) / 2)::text, 'not_known') as deprivation, g.code_group as ethnic_group, p.gender, age_band(p.birth_date, b.completed_on) as age_band) d
left join lateral (
  select a.value, a.assessment_id
  from assessment_scores a
  where a.site_id = b.site_id and a.instrument = b.instrument and a.score = b.score and a.episode_id = b.episode_id
    and a.instrument_version = b.instrument_version
    and not a.superseded and a.timepoint <> 'baseline'
    and a.completed_on between f.analysis_from and f.analysis_to
  order by abs(a.completed_on - f.target_on), a.completed_on, a.assessment_id
  limit 1
) r on true
where b.site_id = any(cast(@sites as uuid[]))
  and not b.superseded and b.timepoint = 'baseline'
  and b.completed_on >= @from and b.completed_on < @until
group by 1, 2, 3, 4, 5, 6, 7, 8, 9
