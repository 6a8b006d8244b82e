-- Baseline scores of the sites in scope, each with the response that pairs with it at each follow-up of its episode: of the
-- same instrument version, within the analysis window, nearest the target, ties to the earlier. People of one place with the
-- same two values are one row; @sets says what places are. No response: "after" is null. Corrected assessments count in
-- nothing. vintage: after how many of the given instants the pair came about; its assessments' ids hold when they were recorded.
with pairs as materialized (
  select b.site_id::text as site_id, n.code_group as need_group, coalesce(((p.imd_decile + 1) / 2)::text, 'not_known') as deprivation, g.code_group as ethnic_group, p.gender,
    age_band(p.birth_date, b.completed_on) as age_band, f.code as timepoint, b.instrument, b.instrument_version as version, b.score, b.value as before, r.value as after,
    width_bucket(to_timestamp(('x' || substr(replace(greatest(b.assessment_id, r.assessment_id)::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0), cast(@vintages as timestamptz[])) as vintage
  from assessment_scores b
  join follow_ups f on f.site_id = b.site_id and f.episode_id = b.episode_id
  join episodes e on e.site_id = b.site_id and e.id = b.episode_id
  join patients p on p.site_id = b.site_id and p.id = e.patient_id
  join code_needs n on n.code = e.need_primary
  join code_ethnic_categories g on g.code = p.ethnic_category
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
)
select @columns, timepoint, instrument, version, score, before, after, vintage, count(*) as n
from pairs
group by timepoint, instrument, version, score, before, after, vintage, grouping sets (@sets)
