package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"waypost/internal/partners/partnertest"
	"waypost/internal/platform/localpg"
)

const partnersGuide = "../../docs/partners.md"

// The walk of the guide for partners answers what the guide says, and each of its receivers takes a signed message and
// refuses a forged one.
func TestTheGuideForPartners(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(partnersGuide)
	if err != nil {
		t.Fatal(err)
	}
	i := newInstance(t, "--demo", "--people", "300")
	i.start()
	answers := i.paste("", string(text), "RECEIVER="+partnertest.Start(t).URL+"guide")
	answers.check(t, 13)
	i.replaceKey(t)
	i.firstKeys(t)
	key := field(t, demoKeys(t, i), "integration")
	for language, command := range map[string]func(program string) *exec.Cmd{
		"go": func(program string) *exec.Cmd {
			bin := program + ".bin"
			if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, program).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			return exec.CommandContext(t.Context(), bin)
		},
		"python": func(program string) *exec.Cmd { return exec.CommandContext(t.Context(), "python3", program) },
		"js":     func(program string) *exec.Cmd { return exec.CommandContext(t.Context(), "node", program) },
	} {
		t.Run(language, func(t *testing.T) {
			i.receives(t, key, snippet(t, string(text), language), command)
		})
	}
}

// On the command line a key is found, replaced and revoked.
func (i *instance) replaceKey(t *testing.T) {
	t.Helper()
	keys := func(command string, more ...string) string {
		out, err := i.run(append([]string{"keys", command}, more...)...)
		if err != nil {
			t.Fatal(out, err)
		}
		return out
	}
	line := func() (found []string) {
		for l := range strings.Lines(keys("list")) {
			if strings.HasSuffix(strings.TrimSpace(l), "Our system") {
				found = strings.Fields(l)
			}
		}
		return found
	}
	old := line()
	if len(old) < 4 || old[1] != "integration" || old[3] != "works" {
		t.Fatalf("listed: %v", old)
	}
	site := query(t, i.ownerURL(t), "select site_ids[1]::text from api_keys where id = '"+old[0]+"'")
	if fresh := keys(
		"create",
		"--role",
		"integration",
		"--label",
		"New",
		"--site",
		site,
		"--replaces",
		old[0],
		"--expires-on",
		"2099-01-01",
	); !strings.HasPrefix(
		fresh,
		"wp_",
	) {
		t.Errorf("made: %s", fresh)
	}
	if now := line(); now[3] != "works" {
		t.Errorf("once it is replaced it is %v", now)
	}
	if out := keys("revoke", old[0]); out != "revoked" || line()[3] != "revoked" {
		t.Errorf("revoked: %s, and then %v", out, line())
	}
}

// The first steward and administrator are made on the server: confirmed, for a year, as a line of the log
// and as an event.
func (i *instance) firstKeys(t *testing.T) {
	t.Helper()
	for _, role := range []string{"data_steward", "administrator"} {
		var log bytes.Buffer
		c := exec.CommandContext(t.Context(), i.bin, "keys", "create", "--role", role, "--label", "the first")
		c.Env, c.Stderr = append(i.environ(), "WAYPOST_LOG_LEVEL=warn"), &log
		out, err := c.Output()
		key := strings.TrimSpace(string(out))
		if err != nil || !strings.HasPrefix(key, "wp_") {
			t.Fatal(key, err, log.String())
		}
		status, me := i.call(key, "GET", "/me", "", "")
		if status != http.StatusOK || field(t, me, "role") != role {
			t.Errorf("%d %s", status, me)
		}
		id := query(t, i.ownerURL(t), `select id::text from api_keys where label = 'the first' and role = '`+role+`'
			and confirmed_at is not null and created_by is null and expires_on - created_at::date between 365 and 366`)
		if line := log.String(); !strings.Contains(line, `"an API key was made on the server"`) ||
			!strings.Contains(line, id) ||
			strings.Contains(line, key) {
			t.Errorf("the log: %s", line)
		}
		events := "select count(*)::text from events where type = 'api_key.added' and actor_role = 'system' and subject_id = '" + id + "'"
		if n := query(t, i.ownerURL(t), events); n != "1" {
			t.Errorf("%s events", n)
		}
	}
}

func (i *instance) ownerURL(t *testing.T) string {
	t.Helper()
	conn, err := localpg.Attach(i.dir)
	if err != nil {
		t.Fatal(err)
	}
	return conn.OwnerURL()
}

// snippet writes the guide's program of a language where it runs.
func snippet(t *testing.T, guide, language string) string {
	t.Helper()
	_, code, found := strings.Cut(guide, "```"+language+"\n")
	code, _, ends := strings.Cut(code, "\n```")
	if !found || !ends {
		t.Fatalf("the guide has no program in %s", language)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "receiver."+map[string]string{"go": "go", "python": "py", "js": "mjs"}[language])
	if err := os.WriteFile(path, []byte(code+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(partnertest.Modules(t), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return path
}

// receives runs a receiver and has it told, by Waypost and by somebody else.
func (i *instance) receives(t *testing.T, key, program string, command func(string) *exec.Cmd) {
	address := freeAddress(t)
	_, made := i.call(key, "POST", "/webhooks", "", fmt.Sprintf(`{"url":"http://%s/","events":["*"]}`, address))
	c := command(program)
	c.Env = append(
		os.Environ(),
		"WEBHOOK_SECRET="+field(t, made, "secret"),
		"PORT="+address[strings.LastIndex(address, ":")+1:],
	)
	if err := c.Start(); err != nil {
		t.Skipf("%v", err)
	}
	defer func() { _ = c.Process.Kill(); _ = c.Wait() }()
	for range 1200 {
		if answer, err := http.Get("http://" + address + "/"); err == nil {
			answer.Body.Close()
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if status := forge(t, "http://"+address+"/"); status != http.StatusUnauthorized {
		t.Errorf("a forged message is answered %d", status)
	}
	at := "/webhooks/" + field(t, made, "id")
	status, test := i.call(key, "POST", at+"/test", "", "")
	if status != http.StatusCreated {
		t.Fatalf("%d %s", status, test)
	}
	var d struct{ State string }
	for range 600 {
		_, body := i.call(key, "GET", at+"/deliveries/"+field(t, test, "id"), "", "")
		if err := json.Unmarshal(body, &d); err != nil {
			t.Fatal(err)
		}
		if d.State == "delivered" {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("the message is %s", d.State)
}

// forge sends a message that is signed with another secret.
func forge(t *testing.T, address string) int {
	t.Helper()
	other, err := standardwebhooks.NewWebhookRaw([]byte("another secret"))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now()
	signature, err := other.Sign("id", at, []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("webhook-id", "id")
	req.Header.Set("webhook-timestamp", fmt.Sprint(at.Unix()))
	req.Header.Set("webhook-signature", signature)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}
