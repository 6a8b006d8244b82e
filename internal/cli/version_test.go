package cli_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"waypost/internal/platform/leaktest"
)

// The command, the first line of the log and the metric name the version, the commit and what is set, and no secret.
func TestWhichWaypostThisIs(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	flags := "-X waypost/internal/platform/build.version=9.8.7 -X waypost/internal/platform/build.commit=c0ffee"
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-ldflags", flags, "-o", i.bin, "waypost").
		CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var log bytes.Buffer
	secrets := []string{"hunter2", "marigold@example.org", "sas-token"}
	i.log, i.more = &log, []string{
		"WAYPOST_LOG_LEVEL=info", "WAYPOST_PUBLIC_URL=https://waypost.example", "WAYPOST_DB_CONNECTIONS=9",
		"WAYPOST_SMTP_URL=smtp://u:hunter2@mail.example:587", "WAYPOST_MAIL_FROM=marigold@example.org",
		"WAYPOST_FILES_URL=file://" + filepath.Dir(i.dir) + "/releases?x=sas-token",
	}
	printed, err := i.run("version")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"version   9.8.7\n", "commit    c0ffee\n", "setting   WAYPOST_DB_CONNECTIONS=9\n", "setting   WAYPOST_SMTP_URL=(set)\n",
		"setting   WAYPOST_PUBLIC_URL=https://waypost.example\n",
	} {
		if !strings.Contains(printed+"\n", want) {
			t.Errorf("waypost version says\n%s\nwhich lacks %s", printed, want)
		}
	}
	if strings.Contains(printed, "WAYPOST_STATEMENT_TIMEOUT") {
		t.Errorf("a setting at its default is listed: %s", printed)
	}
	i.more = i.more[:len(i.more)-1] // files lie in the data directory
	i.start()
	answer, err := http.Get("http://" + i.addr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	metrics, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	want := `WAYPOST_PUBLIC_URL,WAYPOST_SMTP_URL,WAYPOST_MAIL_FROM,WAYPOST_DB_CONNECTIONS",version="9.8.7"} 1`
	if !strings.Contains(string(metrics), `waypost_build_info{commit="c0ffee",`) ||
		!strings.Contains(string(metrics), want) {
		t.Error("waypost_build_info does not say it")
	}
	i.signal(syscall.SIGTERM)
	first, _, _ := strings.Cut(log.String(), "\n")
	var line struct {
		Msg, Version, Commit string
		Settings             map[string]string
	}
	if err := json.Unmarshal([]byte(first), &line); err != nil {
		t.Fatalf("%v: %s", err, first)
	}
	if line.Msg != "waypost starts" || line.Version != "9.8.7" || line.Commit != "c0ffee" ||
		line.Settings["WAYPOST_DB_CONNECTIONS"] != "9" {
		t.Errorf("the first line is %s", first)
	}
	leaktest.Hidden(t, "what waypost version prints", printed, secrets...)
	leaktest.Hidden(t, "the metrics", string(metrics), secrets...)
	leaktest.Hidden(t, "the log", log.String(), secrets...)
}
