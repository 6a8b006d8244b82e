-- ONS4 is for people of 16 and over. Answers of somebody whose birth date was put right so that they were younger count in
-- no figure; from here on a trigger on patients sees to it.

-- +goose Up
update assessments a set not_counted = true
  from episodes e, patients p
  where a.instrument = 'ons4' and not a.not_counted and e.site_id = a.site_id and e.id = a.episode_id
    and p.site_id = e.site_id and p.id = e.patient_id and p.birth_date + interval '16 years' > a.completed_on;
delete from assessment_scores s using assessments a
  where a.site_id = s.site_id and a.id = s.assessment_id and a.not_counted;
