package api_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"waypost/internal/partners"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
	"waypost/internal/platform/events"
	"waypost/internal/platform/telemetry"
)

type delivered struct {
	header http.Header
	body   []byte
}

// What is really sent of each type of event fits what the document says of its family.
func TestWebhooksAreSentWhatTheDocumentSays(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	c := on(d)
	w := serving(t, c)
	var mu sync.Mutex
	var messages []delivered
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		messages = append(messages, delivered{r.Header, body})
	}))
	defer receiver.Close()
	hook := w.as("administrator").post("/webhooks", `{"url":"`+receiver.URL+`","events":["*"]}`).made()
	w.as("administrator").post("/webhooks/"+hook+"/test", "").want(201)
	things := w.oneOfEach()
	w.as("organisation").post("/referrals/"+things["referrals"]+"/moves", `{"to":"accepted"}`).want(200)
	job := func(name string) context.Context {
		return actor.With(db.Background(t.Context()), actor.Named(name))
	}
	err := d.Do(job("test"), func(tx *db.Tx) error {
		for _, k := range events.Kinds() {
			s := events.Subject{SiteID: uuid.MustParse(w.site), ID: uuid.New()}
			if err := events.Record(tx, k, s, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = c.Stores.Partners.Publish(job("feed"))
	}
	if err == nil {
		err = c.Stores.Partners.Deliver(job("webhooks"), telemetry.NewMetrics(d, telemetry.Build{Version: "test"}))
	}
	if err != nil {
		t.Fatal(err)
	}
	came := map[string]bool{}
	for _, m := range messages {
		came[m.fits(t)] = true
	}
	for _, name := range append(events.Types(), partners.TestType) {
		if !came[name] {
			t.Errorf("%s was not sent", name)
		}
	}
}

// fits holds a message against the document, and returns its type.
func (m delivered) fits(t *testing.T) string {
	t.Helper()
	var sent struct{ Type string }
	var body any
	if err := json.Unmarshal(m.body, &sent); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(m.body, &body); err != nil {
		t.Fatal(err)
	}
	doc := published()
	family, _, _ := strings.Cut(sent.Type, ".")
	if doc.Webhooks[family] == nil {
		t.Fatalf("%s: the document has no such family", sent.Type)
	}
	o := doc.Webhooks[family].Post
	for _, p := range o.Parameters {
		got := m.header.Get(p.Name)
		if _, err := uuid.Parse(got); p.Schema.Format == "uuid" && err != nil || !regexp.MustCompile(p.Schema.Pattern).MatchString(got) {
			t.Errorf("%s: the header %s is %q", sent.Type, p.Name, got)
		}
	}
	judging.Lock()
	defer judging.Unlock()
	res := huma.ValidateResult{}
	schema := o.RequestBody.Content["application/json"].Schema
	huma.Validate(doc.Components.Schemas, schema, huma.NewPathBuffer(nil, 0), huma.ModeWriteToServer, body, &res)
	for _, err := range res.Errors {
		t.Errorf("%s does not fit the document: %v", sent.Type, err)
	}
	return sent.Type
}
