package api_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// What an organisation said of a day stands once, by link, page and key: the same again is answered like
// the first time, and the contrary is refused. Others may say otherwise.
func TestOfOneDayOneSideIsHeardOnce(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	referral := w.refer(episode)
	p := w.replyLink(referral)
	path, key := "/replies/"+p.token(), "/referrals/"+referral+"/attendances"
	org, lw, byLink := w.as("organisation"), w.as("link_worker"), w.anybody()
	said := func() int { return len(lw.get(key + "?limit=200").want(200).items()) }
	came := func(attended bool, on, more string) string {
		return fmt.Sprintf(`{"attended":%v,"on":%q%s}`, attended, on, more)
	}
	first := byLink.post(path, came(true, w.today(), "")).want(200)
	again := byLink.post(path, came(true, w.today(), `,"from":"sent"`)).want(200) // pressed twice
	if again.number("version") != first.number("version") || again.text("status") != "in_progress" {
		t.Errorf("%s\n%s", first.body, again.body)
	}
	if page := p.reply("attended", "sent", "on", w.today()); page.status != 200 || page.at != "/thanks" {
		t.Errorf("on the page: %d %s", page.status, page.at)
	}
	byKey := org.post(key, came(true, w.today(), `,"reported_by":"organisation"`)).want(201)
	if byKey.text("recorded_via") != "link" || byKey.text("id") != lw.get(key).text("items.0.id") {
		t.Errorf("by key: %s", byKey.body)
	}
	if n := said(); n != 1 {
		t.Errorf("said %d times", n)
	}
	for name, a := range map[string]answer{"by link": byLink.post(path, came(false, w.today(), "")), "by key": org.post(
		key, came(false, w.today(), `,"reported_by":"organisation"`),
	),
		"by the link worker for it": lw.post(key, came(false, w.today(), `,"reported_by":"organisation"`))} {
		if a.problem(409, "conflict"); !strings.Contains(a.text("detail"), "that the person came, and that stands") {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	page := p.reply("did_not_attend", "in_progress", "on", w.today())
	if page.status != 409 || !strings.Contains(page.html, "you have said of that day already that they came") ||
		!strings.Contains(page.html, "tell whoever sent you the referral") {
		t.Errorf("the contrary on the page: %d %s", page.status, page.html)
	}
	if n := said(); n != 1 {
		t.Errorf("after the contrary it is said %d times", n)
	}
	lw.post(key, came(false, w.today(), `,"reported_by":"link_worker"`)).want(201)
	lw.post(key, came(false, w.today(), `,"reported_by":"patient"`)).want(201)
	if n := said(); n != 3 {
		t.Errorf("with the other sides %d", n)
	}
}

// A reason that comes later is another thing said: it is not lost in silence.
func TestAReasonStandsWithItsDay(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	key := "/referrals/" + w.refer(episode) + "/attendances"
	org := w.as("organisation")
	absent := func(reason string) answer {
		return org.post(
			key,
			fmt.Sprintf(`{"attended":false,"on":%q,"reported_by":"organisation"%s}`, w.today(), reason),
		)
	}
	first := absent(`,"reason":"forgot"`).want(201)
	for _, same := range []string{`,"reason":"forgot"`, ``} {
		if a := absent(same).want(201); a.text("id") != first.text("id") || a.text("reason") != "forgot" {
			t.Errorf("%s", a.body)
		}
	}
	absent(`,"reason":"unwell"`).problem(409, "conflict", "unwell")
	org.post(key, fmt.Sprintf(`{"attended":true,"on":%q,"reported_by":"organisation"}`, w.today())).
		problem(409, "conflict")
	org.post(key, fmt.Sprintf(`{"attended":true,"on":%q,"reported_by":"organisation"}`, w.daysAgo(1))).want(201)
	contact := fmt.Sprintf(`{"on":%q,"mode":"face_to_face","kind":"accompanied","outcome":"attended",
		"referral_id":%q,"attended":true}`, w.today(), strings.Split(key, "/")[2])
	for range 2 { // twice on one day
		w.as("link_worker").post("/episodes/"+episode+"/contacts", contact).want(201)
	}
	if n := len(org.get(key).want(200).items()); n != 3 {
		t.Errorf("%d attendances", n)
	}
}

func TestTheSameSaidAtOnce(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	referral := w.refer(episode)
	path := "/replies/" + w.replyLink(referral).token()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			w.anybody().post(path, fmt.Sprintf(`{"attended":true,"on":%q,"from":"sent"}`, w.today())).want(200)
		})
	}
	all.Wait()
	lw := w.as("link_worker")
	if a, m := lw.get(
		"/referrals/"+referral+"/attendances",
	), lw.get(
		"/referrals/"+referral+"/moves",
	); len(a.items()) != 1 ||
		len(m.items()) != 1 {
		t.Errorf("%s\n%s", a.body, m.body)
	}
}

func TestAPageWithoutAnAnswer(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	p := w.replyLink(w.refer(episode))
	for name, page := range map[string]shownPage{
		"none": p.reply("", "sent"), "one that there is not": p.reply(secret, "sent"),
		"an empty form": p.call("POST", "", nil),
	} {
		if page.status != 422 || !strings.Contains(page.html, "Choose one of the answers") ||
			strings.Contains(page.html, "has changed") ||
			strings.Contains(page.html, secret) {
			t.Errorf("%s: %d %s", name, page.status, page.html)
		}
	}
}

// An organisation is shown whose referral it is while it is open, by key and by link alike.
func TestWhoseReferralItWas(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	reason := map[string]string{
		"waitlisted":    `,"reason":"under_1_month"`,
		"declined":      `,"reason":"no_capacity"`,
		"not_completed": `,"reason":"unwell"`,
		"withdrawn":     `,"reason":"moved"`,
	}
	open := map[string]bool{
		"sent":          true,
		"accepted":      true,
		"waitlisted":    true,
		"in_progress":   true,
		"completed":     false,
		"not_completed": false,
		"declined":      false,
		"withdrawn":     false,
	}
	org := w.as("organisation")
	for status, shown := range open {
		referral := w.refer(episode)
		token := w.replyLink(referral).token()
		if status != "sent" {
			w.as("link_worker").post("/referrals/"+referral+"/moves", fmt.Sprintf(`{"to":%q,
				"reported_by":"organisation"%s}`, status, reason[status])).want(200)
		}
		seen := map[string]answer{
			"by key":    org.get("/referrals/" + referral).want(200),
			"in a list": org.get("/referrals?status=" + status).want(200),
		}
		if status != "withdrawn" {
			seen["by link"] = w.anybody().get("/replies/" + token).want(200)
		}
		for name, a := range seen {
			if strings.Contains(string(a.body), "07700 900001") != shown ||
				strings.Contains(string(a.body), "Sam Helper") != shown {
				t.Errorf("%s, %s: %s", status, name, a.body)
			}
		}
	}
	referral := w.refer(episode)
	token := w.replyLink(referral).token()
	w.expire(referral)
	for name, a := range map[string]answer{"by key": org.get("/referrals/" + referral), "by link": w.anybody().get("/replies/" + token)} {
		if a.text("status") != "expired" || !strings.Contains(string(a.body), "07700 900001") {
			t.Errorf("expired, %s: %s", name, a.body)
		}
	}
}

// Programs that look through mail ask with HEAD: they are told what GET would say, without a body, and change nothing.
func TestHead(t *testing.T) {
	w, _, _, followUp := asked(t)
	_, episode := w.supported()
	referral := w.refer(episode)
	reply, own := w.replyLink(referral), w.link(followUp)
	for _, p := range []person{
		reply, {w, reply.link + "/declined"}, own, {w, w.url + "/r/nobody"}, {w, w.url + "/f/nobody"},
		{w, w.url + "/livez"}, {w, w.url + "/readyz"},
	} {
		head, page := p.call("HEAD", "", nil), p.open("")
		if head.status != page.status || head.html != "" ||
			head.header.Get("Content-Type") != page.header.Get("Content-Type") {
			t.Errorf("%s: %d %q, and by GET %d", strings.TrimPrefix(p.link, w.url), head.status, head.html, page.status)
		}
	}
	if a := w.as("link_worker").
		get("/referrals/" + referral).
		want(200); a.text("status") != "sent" ||
		a.number("version") != 1 {
		t.Errorf("%s", a.body)
	}
}
