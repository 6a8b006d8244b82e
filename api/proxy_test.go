package api_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"waypost/api/wire"
)

// proxied is where nginx passes /waypost/ on to a server of the world's database: with that prefix taken away, or kept.
func (w *world) proxied(kept bool) (origin string) {
	w.t.Helper()
	path, err := exec.LookPath("nginx")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/nginx") // which Debian leaves out of most people's path
	}
	if err != nil {
		w.t.Skip("no nginx here (make test installs it by apt): no server was tried behind a proxy")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	c := on(w.db)
	c.PublicURL = "http://" + address + "/waypost"
	c.Stores.Partners.Base = wire.BasePath(c.PublicURL)
	to := listening(w.t, c)
	if !kept {
		to += "/"
	}
	dir := w.t.TempDir()
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;"
	}
	conf := fmt.Sprintf(`%s daemon off; master_process off; pid %[2]s/pid; error_log %[2]s/error.log;
events {}
http {
  access_log off;
  client_body_temp_path %[2]s/body; proxy_temp_path %[2]s/proxy;
  fastcgi_temp_path %[2]s/fastcgi; uwsgi_temp_path %[2]s/uwsgi; scgi_temp_path %[2]s/scgi;
  server {
    listen %[3]s;
    location /waypost/ { proxy_pass %[4]s; proxy_set_header Host $http_host; gzip on; gzip_proxied any;
      gzip_types application/json; gzip_min_length 1; }
  }
}`, user, dir, address, to)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		w.t.Fatal(err)
	}
	nginx := exec.Command(path, "-c", file, "-p", dir, "-e", filepath.Join(dir, "error.log"))
	nginx.Stderr = os.Stderr
	if err := nginx.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _, _ = nginx.Process.Kill(), nginx.Wait() })
	for range 200 {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return "http://" + address
		}
		time.Sleep(25 * time.Millisecond)
	}
	said, _ := os.ReadFile(filepath.Join(dir, "error.log"))
	w.t.Fatalf("nginx does not listen: %s", said)
	return ""
}

// A public URL with a path works everywhere behind nginx, whether nginx takes the path away or passes it on.
func TestBehindAProxyWithAPrefix(t *testing.T) {
	w, _, episode, followUp := asked(t)
	for name, kept := range map[string]bool{"prefix taken away": false, "prefix kept": true} {
		t.Run(name, func(t *testing.T) {
			w := &world{t: t, db: w.db, keys: w.keys, site: w.site, worker: w.worker, org: w.org, svc: w.svc}
			origin := w.proxied(kept)
			w.url = origin + "/waypost"
			referral := w.as("link_worker").post("/referrals", fmt.Sprintf(`{"episode_id":%q,"service_id":%q,
				"kind":"referral","need":"loneliness_isolation"}`, episode, w.svc)).want(201)
			if at := referral.header.Get(
				"Location",
			); at != "/waypost/v1/referrals/"+referral.text("id") ||
				w.status(origin+at, w.keys["link_worker"]) != 200 {
				t.Errorf("Location %q", at)
			}
			for of, href := range map[string]string{
				"worklist": w.as("link_worker").get("/worklists").text("items.0.href"),
				"action":   w.as("link_worker").get("/worklists/caseload").text("items.0.actions.0.href"),
				"event":    w.as("link_worker").get("/events").text("items.0.links.subject"),
			} {
				if !strings.HasPrefix(href, "/waypost/v1/") {
					t.Errorf("%s: %s", of, href)
				}
			}
			document := w.anybody().get("/openapi.json").want(200)
			if at := document.text(
				"servers.0.url",
			); at != "/waypost" ||
				w.status(origin+at+"/v1/me", w.keys["link_worker"]) != 200 {
				t.Errorf("servers: %q", at)
			}
			reply := w.as("link_worker").post("/referrals/"+referral.text("id")+"/reply-link", "").want(201).text("url")
			link := w.as("link_worker").post("/follow-ups/"+followUp+"/link", "").want(201).text("url")
			for page, title := range map[string]string{
				"/": "Swagger|Waypost", "/docs": "Swagger|Waypost", "/docs/": "Swagger|Waypost",
				"/dashboard": "Waypost dashboard", "/dashboard/": "Waypost dashboard",
				strings.TrimPrefix(reply, w.url):               "Can you take this person",
				strings.TrimPrefix(reply, w.url) + "/declined": "Why can you not take them",
				strings.TrimPrefix(link, w.url):                "How have you been",
			} {
				w.everythingOf(page, title)
			}
			org := person{w, reply}
			page := org.open("")
			if sent := org.press(
				page,
				"accepted",
			); sent.status != 200 || sent.at != "/thanks" ||
				!strings.Contains(sent.html, "Your answer was recorded") {
				t.Errorf("an answer: %d at %q", sent.status, sent.at)
			}
			patient := person{w, link}
			if asked := patient.answer(
				patient.open("/respondent"),
				"self",
			); asked.status != 200 ||
				asked.at != "/how_have_you_been" {
				t.Errorf("a question: %d at %q", asked.status, asked.at)
			}
		})
	}
}

// status is how a whole URL answers a key.
func (w *world) status(url, key string) int {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, url, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

var named = regexp.MustCompile(`(?:href|src|action)="([^"#]+)"`)

// everythingOf opens a page as a browser does, and whatever its HTML names.
func (w *world) everythingOf(path, title string) {
	w.t.Helper()
	page, err := http.Get(w.url + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer page.Body.Close()
	html, err := io.ReadAll(page.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if page.StatusCode != 200 || !regexp.MustCompile("<title>[^<]*("+title+")").Match(html) ||
		!strings.HasPrefix(page.Request.URL.String(), w.url) {
		w.t.Errorf("%s: %d at %s", path, page.StatusCode, page.Request.URL)
	}
	for _, name := range named.FindAllStringSubmatch(string(html), -1) {
		at, err := page.Request.URL.Parse(name[1])
		if err != nil {
			w.t.Fatal(err)
		}
		if at.Scheme != "http" {
			continue
		}
		if status := w.status(at.String(), ""); status != 200 {
			w.t.Errorf("%s names %s: %d", path, at, status)
		}
	}
}

// press presses the button of an answer that needs nothing more.
func (p person) press(page shownPage, answer string) shownPage {
	p.w.t.Helper()
	form := regexp.MustCompile(`<form method="post" action="([^"]+)"><input type="hidden" name="answer" value="` + answer + `">`).
		FindStringSubmatch(page.html)
	if form == nil {
		p.w.t.Fatalf("no button for %s: %s", answer, page.html)
	}
	to := strings.TrimPrefix(form[1], p.link[strings.Index(p.link, "/waypost"):])
	return p.call("POST", to, url.Values{"answer": {answer}})
}

// The scripts of the dashboard and of the document's page find what they ask for behind a proxy.
func TestScriptsBehindAProxyWithAPrefix(t *testing.T) {
	w := demoWorld(t, 40)
	w.url = w.proxied(false) + "/waypost"
	p := newPhone(t)
	p.enter(w, w.keys["site_manager"])
	p.until(`!document.getElementById("view").hidden && document.querySelector("#flow h2") !== null`)
	p.do(chromedp.Navigate(w.url + "/docs/"))
	p.until(`document.querySelector(".opblock-tag") !== null`)
}
