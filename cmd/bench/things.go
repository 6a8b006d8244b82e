package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// thing is something that people do, as requests that differ in whom or what they are about.
type thing struct {
	name     string
	target   float64 // the ratio that is promised; 0: none is
	key      string  // whose; empty: the link worker's
	alone    bool    // one connection: a dashboard asks one thing after the other
	requests []request
	scripts  []script
	rounds   []round
}

type request struct{ method, path, body string }

// clients is how many connections ask at once.
func (t *thing) clients() int {
	if t.alone {
		return 1
	}
	return clients
}

const varieties = 64 // requests of a thing, so that clients do not meet on one row

// things finds in the demo what requests need.
func (w *waypost) things(ctx context.Context) ([]thing, error) {
	record := thing{name: "record a referral", target: 0.5}
	read := thing{name: "read a referral by id", target: 0.3}
	page := thing{name: "50 of a link worker's referrals", target: 0.6}
	counts := thing{name: "worklists: how many are on each", target: 0.6}
	lists := make([]thing, len(worklists))
	search := thing{name: "search the directory"}
	var services, episodes, workers struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	err := errors.Join(
		w.call(ctx, get("/v1/services?capacity=open&limit=20"), &services),
		w.call(ctx, get("/v1/episodes?status=active&limit=200"), &episodes),
		w.call(ctx, get("/v1/link-workers?limit=16"), &workers),
	)
	if err != nil {
		return nil, err
	}
	for i, e := range episodes.Items {
		body := fmt.Sprintf(`{"episode_id": %q, "service_id": %q, "kind": "referral",
			"need": "loneliness_isolation", "reason": "Would like company at lunch."}`, e.ID, services.Items[i%len(services.Items)].ID)
		r := request{"POST", "/v1/referrals", body}
		var made struct {
			ID string `json:"id"`
		}
		if w.call(ctx, r, &made) != nil {
			continue // no consent to share
		}
		record.requests = append(record.requests, r)
		read.requests = append(read.requests, get("/v1/referrals/"+made.ID))
		if len(record.requests) == varieties {
			break
		}
	}
	for _, worker := range workers.Items {
		page.requests = append(page.requests, get("/v1/referrals?limit=50&link_worker_id="+worker.ID))
		counts.requests = append(counts.requests, get("/v1/worklists?link_worker_id="+worker.ID))
		for i, name := range worklists {
			lists[i] = thing{
				name:     "worklist: " + name,
				target:   0.6,
				requests: append(lists[i].requests, get("/v1/worklists/"+name+"?limit=50&link_worker_id="+worker.ID)),
			}
		}
	}
	for _, words := range []string{"lunch", "walking", "garden", "debt", "advice", "choir", "swim", "coffee"} {
		search.requests = append(search.requests, get("/v1/services?limit=20&q="+url.QueryEscape(words)))
	}
	figures, err := w.figures(ctx)
	if err != nil {
		return nil, err
	}
	feed, err := w.feed(ctx)
	return slices.Concat([]thing{record, read, page, search, feed, counts}, lists, figures), err
}

// feed is what a partner reads of events: pages of 50, from places that lie apart.
func (w *waypost) feed(ctx context.Context) (thing, error) {
	t := thing{name: "a page of a partner's event feed, 50", target: 0.6, key: w.keys.Integration}
	var at struct {
		Next string `json:"next_cursor"`
	}
	partner := *w
	partner.key = t.key
	for range 16 {
		t.requests = append(t.requests, get("/v1/events?limit=50&cursor="+at.Next))
		if err := partner.call(ctx, get("/v1/events?limit=200&cursor="+at.Next), &at); err != nil {
			return t, err
		}
	}
	return t, nil
}

var worklists = []string{
	"caseload",
	"awaiting_reply",
	"follow_ups_due",
	"no_recent_contact",
	"to_withdraw",
	"waiting_with_holding",
}

// figures are questions of a partner about one site, answered from the snapshot, and the same ones of its
// manager, answered live.
func (w *waypost) figures(ctx context.Context) (list []thing, err error) {
	var me struct {
		Sites []string `json:"site_ids"`
	}
	if err := w.call(ctx, get("/v1/me"), &me); err != nil {
		return nil, err
	}
	for _, path := range []string{"referrals?by=month&", "outcomes?", "flow?"} {
		for _, by := range []struct{ who, key string }{{"partner", w.keys.Dashboard}, {"manager", w.keys.SiteManager}} {
			list = append(
				list,
				thing{
					name:     by.who + ": " + strings.TrimRight(path, "?&"),
					key:      by.key,
					alone:    true,
					requests: []request{get("/v1/insights/" + path + "site_id=" + me.Sites[0])},
				},
			)
		}
	}
	return list, nil
}

// referrals is how many there are at the site that is asked about.
func (w *waypost) referrals(ctx context.Context) (n int, err error) {
	var answer struct {
		Rows []struct{ Referrals, Signposts int } `json:"rows"`
	}
	if err := w.call(ctx, get("/v1/insights/referrals"), &answer); err != nil {
		return 0, err
	}
	return answer.Rows[0].Referrals + answer.Rows[0].Signposts, nil
}

func get(path string) request { return request{"GET", path, ""} }
