package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// blocks returns the commands of a guide's code blocks that are opened by a fence. A line is one command, and goes on
// after a backslash.
func blocks(guide, fence string) (commands []string) {
	inside := false
	for line := range strings.Lines(strings.ReplaceAll(guide, "\\\n", "")) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "```"):
			inside = line == "```"+fence
		case inside && !strings.HasPrefix(line, "#"):
			commands = append(commands, line)
		}
	}
	return commands
}

// The guide to an installation has few commands; those that need neither root nor a public host name answer
// what it says.
func TestTheInstallGuide(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(top, "docs", "install.md"))
	if err != nil {
		t.Fatal(err)
	}
	guide := string(text)
	asRoot, others := blocks(guide, "sh root"), blocks(guide, "sh")
	if n := len(asRoot) + len(others); n > 12 || len(asRoot) == 0 || len(others) == 0 {
		t.Errorf("%d commands as root and %d others: 12 in all at most", len(asRoot), len(others))
	}
	for _, command := range asRoot {
		t.Logf("skipped, since it needs root on a server with a public host name: %s", command)
		if out, err := exec.CommandContext(t.Context(), "bash", "-n", "-c", command).CombinedOutput(); err != nil {
			t.Errorf("%s is no command: %s", command, out)
		}
	}
	i := newInstance(t)
	i.more = []string{"WAYPOST_PUBLIC_URL=https://waypost.example.org"}
	i.start()
	i.paste(t.TempDir(), guide, append(i.more, "WAYPOST_DATA_DIR="+i.dir, "HOST=waypost.example.org")...).check(t, 3)
}

// What the guide copies for the proxy is what Caddy reads, and what the package brings.
func TestTheProxyOfTheInstallGuide(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(top, "deploy", "Caddyfile"))
	if err != nil {
		t.Fatal(err)
	}
	for _, inside := range []string{"/metrics", "/livez", "/readyz", "/docs/*"} {
		if !strings.Contains(string(text), inside) {
			t.Errorf("%s is let out to the internet", inside)
		}
	}
	if _, err := exec.LookPath("caddy"); err != nil {
		t.Skip("Caddy, which would read its file, is not on this machine (apt-get install caddy)")
	}
	out, err := exec.CommandContext(t.Context(), "caddy", "validate", "--adapter", "caddyfile", "--config",
		filepath.Join(top, "deploy", "Caddyfile")).
		CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// The unit gives the server as few rights as it needs.
func TestTheUnitIsHardened(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not on this machine")
	}
	out, err := exec.CommandContext(t.Context(), "systemd-analyze", "security", "--offline=yes", "--threshold=20", "--no-pager",
		filepath.Join(top, "deploy", "waypost.service")).
		CombinedOutput()
	if err != nil {
		t.Errorf("its exposure is above 2.0 (%v): %s", err, out)
	}
}
