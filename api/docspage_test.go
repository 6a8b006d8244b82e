package api_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"waypost/api"
)

// Swagger UI shows the operations soon, and composes an answer of the examples of its fields.
func TestSwaggerUIShowsOperationsAndTheirExamples(t *testing.T) {
	p, w := newPhone(t), newWorld(t)
	p.do(chromedp.Navigate(w.url + "/livez")) // the browser has started
	began := time.Now()
	p.do(chromedp.Navigate(w.url+"/docs/"), chromedp.WaitVisible(".opblock-tag"))
	t.Logf("the operations are shown after %s", time.Since(began).Round(10*time.Millisecond))
	p.do(chromedp.Navigate(w.url+"/docs/?#/referrals/get-referral"), chromedp.WaitVisible(".responses-inner .example"))
	ctx, stop := context.WithTimeout(p.Context, patience)
	defer stop()
	shown, err := chromedp.Run(ctx, chromedp.Text(".responses-inner .example"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"status": "sent"`, `"sent_at": "2026-01-21T10:05:00Z"`, `"ended_on": null`, api.Examples.ID("referral"),
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("the example does not say %s: %s", want, shown)
		}
	}
	if strings.Contains(shown, "patient_account") {
		t.Errorf("the example holds what its referral does not have: %s", shown)
	}
}
