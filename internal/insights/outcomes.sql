-- Every baseline score of the sites in scope, each with the response that pairs with it at each follow-up of
-- its episode: of the same instrument version, within the analysis window, nearest the target, ties to the earlier.
-- No response: "after" is null. Corrected assessments count in nothing.
select b.site_id::text as site_id, f.code as timepoint, b.instrument, b.instrument_version as version, b.score, b.value as before, r.value as after
from assessment_scores b
join follow_ups f on f.site_id = b.site_id and f.episode_id = b.episode_id
left join lateral (
  select a.value
  from assessment_scores a
  where a.site_id = b.site_id and a.instrument = b.instrument and a.score = b.score and a.episode_id = b.episode_id
    and a.instrument_version = b.instrument_version
    and not a.superseded and a.timepoint <> 'baseline'
    and a.completed_on between f.analysis_from and f.analysis_to
  order by abs(a.completed_on - f.target_on), a.completed_on, a.assessment_id
  limit 1
) r on true
where b.site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[])
  and not b.superseded and b.timepoint = 'baseline'
  and b.completed_on >= @from and b.completed_on < @until
