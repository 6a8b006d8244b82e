package api

import (
	"fmt"
	"testing"
)

func TestAnIntake(t *testing.T) {
	w := newWorld(t)
	a := w.as("link_worker").post("/intakes", fmt.Sprintf(`{"patient":{"given_name":"Mary","family_name":"Example","birth_date":"1950-04-01"},
	 "consents":[{"purpose":"share_with_organisations","decision":"given","decided_on":%[1]q}],
	 "episode":{"source":"gp","received_on":%[1]q,"needs":{"primary":"food"}},
	 "contact":{"on":%[1]q,"mode":"telephone","kind":"first_contact","outcome":"spoke"},
	 "assessment":{"instrument":"ons4","completed_on":%[1]q,"mode":"telephone","respondent":"self","responses":{"anxiety":3}},
	 "referrals":[{"service_id":%[2]q,"need":"food"},{"service_id":%[2]q,"need":"food"}]}`, w.today(), w.svc)).want(201)
	fmt.Println(string(a.body), a.header)
	fmt.Println(string(w.as("link_worker").post("/episodes/"+a.text("episode_id")+"/closure", `{"reason":"plan_completed","assessment":{"instrument":"ons4","completed_on":"2026-11-27","mode":"telephone","respondent":"self","responses":{"anxiety":13}}}`).body))
	fmt.Println(string(w.as("link_worker").post("/episodes/"+a.text("episode_id")+"/closure", `{"reason":"plan_completed","assessment":{"instrument":"ons4","completed_on":"2026-11-27","mode":"telephone","respondent":"self","responses":{"anxiety":1}}}`).body))
}
