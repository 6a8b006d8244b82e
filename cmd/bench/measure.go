package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// pace is how fast something went: how many a second, and how long half of them and 99 of 100 took at most,
// in milliseconds.
type pace struct{ rate, p50, p99 float64 }

// round is Waypost and its limit, measured one after the other.
type round struct{ ours, limit pace }

func (r round) ratio() float64 { return r.ours.rate / r.limit.rate }

func (s settings) measure(ctx context.Context, w *waypost, t *thing, number int) error {
	ours, err := s.wrk(ctx, w, t, number)
	if err != nil {
		return err
	}
	limit, err := s.pgbench(ctx, w, t, number)
	if err != nil {
		return err
	}
	t.rounds = append(t.rounds, round{ours, limit})
	return nil
}

// wrkScript sends the requests in turn, each under an Idempotency-Key of its own, and counts answers that
// are not a success.
const wrkScript = `
local requests, i = {}, %d
for line in io.lines(%q) do
  local method, path, body = line:match("^(%%S+)\t(%%S+)\t(.*)$")
  requests[#requests + 1] = {method, path, body}
end
function request()
  i = i + 1
  local r = requests[i %% #requests + 1]
  local headers = {["Authorization"] = %q}
  if r[3] ~= "" then
    headers["Content-Type"] = "application/json"
    headers["Idempotency-Key"] = %q .. i
  end
  return wrk.format(r[1], r[2], headers, r[3])
end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format('RESULT {"requests": %%d, "us": %%d, "errors": %%d, "p50": %%d, "p99": %%d}\n', summary.requests, summary.duration,
    e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50), latency:percentile(99)))
end
`

// wrk loads Waypost over HTTP.
func (s settings) wrk(ctx context.Context, w *waypost, t *thing, number int) (p pace, err error) {
	var list strings.Builder
	for _, r := range t.requests {
		fmt.Fprintf(&list, "%s\t%s\t%s\n", r.method, r.path, r.body)
	}
	requests, program := filepath.Join(s.dir, "requests"), filepath.Join(s.dir, "load.lua")
	lua := fmt.Sprintf(
		wrkScript,
		number*7,
		requests,
		"Bearer "+cmp.Or(t.key, w.key),
		fmt.Sprintf("bench-%d-%d-", w.Process.Pid, number),
	)
	if err := errors.Join(
		os.WriteFile(requests, []byte(list.String()), 0o600),
		os.WriteFile(program, []byte(lua), 0o600),
	); err != nil {
		return p, err
	}
	out, err := exec.CommandContext(ctx, "wrk", "-t1", fmt.Sprintf("-c%d", t.clients()),
		fmt.Sprintf("-d%ds", s.seconds), "--timeout", "20s", "-s", program, "http://"+w.address).
		Output()
	if err != nil {
		return p, fmt.Errorf("wrk: %w", err)
	}
	_, result, _ := strings.Cut(string(out), "RESULT ")
	var r struct{ Requests, Us, Errors, P50, P99 float64 }
	if err := json.NewDecoder(strings.NewReader(result)).Decode(&r); err != nil {
		return p, fmt.Errorf("wrk said nothing that can be read: %w", err)
	}
	if r.Errors > 0 {
		return p, fmt.Errorf("%.0f of %.0f requests failed", r.Errors, r.Requests)
	}
	return pace{rate: r.Requests / r.Us * 1e6, p50: r.P50 / 1000, p99: r.P99 / 1000}, nil
}

// pgbench runs the same statements on the same server, prepared, one transaction after the other.
func (s settings) pgbench(ctx context.Context, w *waypost, t *thing, number int) (p pace, err error) {
	conn, err := w.database()
	if err != nil {
		return p, err
	}
	u, err := url.Parse(conn.AppURL())
	if err != nil {
		return p, err
	}
	dir := filepath.Join(s.dir, "pgbench")
	if err := errors.Join(os.RemoveAll(dir), mkdir(dir)); err != nil {
		return p, err
	}
	arguments := []string{
		"-n",
		"-M",
		"prepared",
		"-c",
		strconv.Itoa(t.clients()),
		"-j",
		strconv.Itoa(min(2, t.clients())),
		"-T",
		strconv.Itoa(s.seconds),
		"-l",
		"--log-prefix=" + filepath.Join(dir, "log"),
		"-D",
		fmt.Sprintf("n=%d", number*10_000_000),
	}
	for i, script := range t.scripts {
		path := filepath.Join(dir, fmt.Sprintf("%d.sql", i))
		if err := os.WriteFile(path, []byte(script.text), 0o600); err != nil {
			return p, err
		}
		arguments = append(arguments, "-f", path)
	}
	c := exec.CommandContext(ctx, pgbenchPath(), append(arguments, "waypost")...)
	password, _ := u.User.Password()
	c.Env = append(
		os.Environ(),
		"PGHOST="+u.Query().Get("host"),
		"PGPORT="+u.Query().Get("port"),
		"PGUSER="+u.User.Username(),
		"PGPASSWORD="+password,
	)
	out, err := c.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "number of failed transactions: 0 ") {
		return p, fmt.Errorf("pgbench: %w: %s", err, lastLines(string(out)))
	}
	return paceOf(dir, s.seconds)
}

// pgbenchPath prefers the newest of Debian's, and else takes what is on the PATH.
func pgbenchPath() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if len(found) == 0 {
		return "pgbench"
	}
	return slices.Max(found)
}

// paceOf reads pgbench's logs: a line for each transaction, whose third number is its microseconds.
func paceOf(dir string, seconds int) (p pace, err error) {
	logs, err := filepath.Glob(filepath.Join(dir, "log*"))
	if err != nil {
		return p, err
	}
	var took []float64
	for _, path := range logs {
		f, err := os.Open(path)
		if err != nil {
			return p, err
		}
		lines(f, func(line string) {
			if fields := strings.Fields(line); len(fields) > 2 {
				us, _ := strconv.ParseFloat(fields[2], 64)
				took = append(took, us)
			}
		})
		f.Close()
	}
	if len(took) == 0 {
		return p, errors.New("pgbench logged no transaction")
	}
	slices.Sort(took)
	at := func(share float64) float64 { return took[int(share*float64(len(took)-1))] / 1000 }
	return pace{rate: float64(len(took)) / float64(seconds), p50: at(0.5), p99: at(0.99)}, nil
}

func median[T cmp.Ordered](list []T) T {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

func lastLines(text string) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-3):], " | ")
}

func mkdir(path string) error { return os.MkdirAll(path, 0o755) }
