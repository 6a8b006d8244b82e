package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"waypost/internal/platform/randtest"
)

const top = "../.." // of the project

// instance is a waypost started as people start it: the program itself, with its own PostgreSQL, as durable as ever.
type instance struct {
	t    *testing.T
	bin  string
	dir  string
	addr string
	args []string
	more []string // of the environment
	cmd  *exec.Cmd
	out  *bytes.Buffer // what serve prints
	rand *rand.Rand
	log  io.Writer // where its log goes; nil: nowhere
}

func newInstance(t *testing.T, args ...string) *instance {
	t.Helper()
	dir, err := os.MkdirTemp("", "waypost-cli-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL's own user passes through, where the tests run as root
		t.Fatal(err)
	}
	i := &instance{
		t:    t,
		bin:  filepath.Join(dir, "waypost"),
		dir:  filepath.Join(dir, "data"),
		addr: freeAddress(t),
		args: args,
		log:  io.Discard,
		rand: randtest.New(t),
	}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", i.bin, "waypost").
		CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() {
		i.signal(syscall.SIGTERM)
		os.RemoveAll(dir)
	})
	return i
}

func freeAddress(t *testing.T) string {
	t.Helper()
	for range 1000 {
		address := fmt.Sprintf("127.0.0.1:%d", 10_000+portsFrom.Add(1)%20_000)
		if l, err := net.Listen("tcp", address); err == nil {
			l.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

// portsFrom counts the ports that tests were given. They are below those that the kernel gives away by
// itself, so that nobody takes one while its test has closed it.
var portsFrom atomic.Int64

func init() { portsFrom.Store(rand.Int64N(20_000)) } // several may run the tests

// environ is without settings of whoever runs the tests: they may have a database by URL.
func (i *instance) environ() []string {
	inherited := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "WAYPOST_") })
	return append(
		append(inherited, "WAYPOST_DATA_DIR="+i.dir, "WAYPOST_ADDR="+i.addr, "WAYPOST_LOG_LEVEL=error"),
		i.more...)
}

// launch starts serve.
func (i *instance) launch() {
	i.t.Helper()
	i.out = &bytes.Buffer{}
	i.cmd = exec.Command(i.bin, append([]string{"serve"}, i.args...)...)
	i.cmd.Env, i.cmd.Stdout, i.cmd.Stderr = i.environ(), i.out, i.log
	if err := i.cmd.Start(); err != nil {
		i.t.Fatal(err)
	}
}

// start starts serve and waits until it is ready.
func (i *instance) start() {
	i.t.Helper()
	i.launch()
	i.ready()
}

func (i *instance) ready() {
	i.t.Helper()
	for range 3600 {
		if i.probe("/readyz") == http.StatusOK {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	i.t.Fatal("never ready")
}

// probe is 0 when no answer came.
func (i *instance) probe(path string) int {
	answer, err := http.Get("http://" + i.addr + path)
	if err != nil {
		return 0
	}
	answer.Body.Close()
	return answer.StatusCode
}

func (i *instance) signal(s syscall.Signal) {
	if i.cmd != nil {
		_ = i.cmd.Process.Signal(s)
		_ = i.cmd.Wait()
		i.cmd = nil
	}
}

// run runs another command on the running instance.
func (i *instance) run(args ...string) (string, error) {
	c := exec.CommandContext(i.t.Context(), i.bin, args...)
	c.Env = i.environ()
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, errs.String())
	}
	return strings.TrimSpace(string(out)), err
}

// call returns the status 0 when no answer came.
func (i *instance) call(key, method, path, idempotency, body string) (int, []byte) {
	return i.callFor(time.Minute, key, method, path, idempotency, body)
}

// callFor hangs up after a while.
func (i *instance) callFor(patience time.Duration, key, method, path, idempotency, body string) (int, []byte) {
	req, err := http.NewRequestWithContext(i.t.Context(), method, "http://"+i.addr+"/v1"+path, strings.NewReader(body))
	if err != nil {
		i.t.Error(err)
		return 0, nil
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	if idempotency != "" {
		req.Header.Set("Idempotency-Key", idempotency)
	}
	answer, err := (&http.Client{Timeout: patience}).Do(req)
	if err != nil {
		return 0, nil
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, nil // cut off on the way: not acknowledged
	}
	return answer.StatusCode, b
}

// field is a text of a JSON object.
func field(t *testing.T, object []byte, name string) string {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal(object, &fields); err != nil {
		t.Fatal(err)
	}
	text, _ := fields[name].(string)
	return text
}

func idOf(t *testing.T, status int, body []byte) string {
	t.Helper()
	var made struct{ ID string }
	if err := json.Unmarshal(body, &made); err != nil || status != 201 {
		t.Fatalf("status %d: %s", status, body)
	}
	return made.ID
}

// writers is a load of POSTs by clients that try again under the same key until they have an answer.
type writers struct {
	i      *instance
	key    string
	number atomic.Int64
	acks   sync.Map // name -> id that was acknowledged
	stop   atomic.Bool
	all    sync.WaitGroup
}

func (w *writers) write() {
	for !w.stop.Load() {
		name := fmt.Sprintf("Load%06d", w.number.Add(1))
		// Names of their own: who shares one and the year of birth is recorded one after the other.
		body := fmt.Sprintf(`{"given_name":%q,"family_name":%q,"birth_date":"1950-01-01"}`, "A"+name, name)
		if w.i.rand.IntN(3) == 0 { // somebody who hangs up, and cannot know whether it was recorded
			w.i.callFor(time.Duration(1+w.i.rand.IntN(12))*time.Millisecond, w.key, "POST", "/patients", name, body)
		}
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			status, answer := w.i.call(w.key, "POST", "/patients", name, body)
			if status == 201 {
				var made struct{ ID string }
				_ = json.Unmarshal(answer, &made)
				w.acks.Store(name, made.ID)
				break
			}
			if status != 0 && status != 503 && status != 409 {
				w.i.t.Errorf("%s: status %d: %s", name, status, answer)
				break
			}
			if time.Now().After(deadline) {
				w.i.t.Errorf("%s: no answer in a minute", name)
				break
			}
		}
	}
}

// Killing Waypost, or its PostgreSQL, with -9 under a load of POSTs loses no acknowledged write and doubles none.
func TestKilledUnderLoadLosesNothingAndDoublesNothing(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.start()
	key, err := i.run("keys", "create", "--role", "administrator", "--label", "test")
	if err != nil {
		t.Fatal(err)
	}
	status, body := i.call(key, "POST", "/sites", "", `{"name":"S","code":"site"}`)
	site := idOf(t, status, body)
	integration, err := i.run("keys", "create", "--role", "integration", "--label", "load", "--site", site)
	if err != nil {
		t.Fatal(err)
	}
	w := &writers{i: i, key: integration}
	for range 6 {
		w.all.Go(w.write)
	}
	ours, theirs := kills("KILLS", 3), kills("KILLS_POSTGRES", 3)
	for round, kill := range i.rand.Perm(ours + theirs) {
		time.Sleep(time.Duration(200+i.rand.IntN(400)) * time.Millisecond)
		if kill < ours {
			i.signal(syscall.SIGKILL)
			i.start()
		} else {
			i.killPostgres()
		}
		if round%25 == 24 {
			t.Logf("%d kills, %d writes begun", round+1, w.number.Load())
		}
	}
	time.Sleep(time.Second)
	w.stop.Store(true)
	w.all.Wait()
	w.verify()
}

// kills is how many, which make crash sets.
func kills(variable string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(variable)); err == nil {
		return n
	}
	return otherwise
}

// killPostgres kills the server, once it is there again after the last time.
func (i *instance) killPostgres() {
	i.t.Helper()
	var err error
	for range 1200 {
		var pid int
		var text []byte
		if text, err = os.ReadFile(filepath.Join(i.dir, "pg", "postmaster.pid")); err == nil {
			first, _, _ := strings.Cut(string(text), "\n")
			if pid, err = strconv.Atoi(first); err == nil {
				var process *os.Process
				if process, err = os.FindProcess(pid); err == nil {
					err = process.Kill()
				}
			}
		}
		if err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	i.t.Fatal(err)
}

// acknowledged is how many writes were.
func (w *writers) acknowledged() (n int) {
	w.acks.Range(func(any, any) bool {
		n++
		return true
	})
	return n
}

// fewestWrites is how many there must have been for a load.
const fewestWrites = 50

func (w *writers) verify() {
	t := w.i.t
	w.acks.Range(func(name, id any) bool {
		status, body := w.i.call(w.key, "POST", "/patients/search", "", fmt.Sprintf(`{"family_name":%q,
			"birth_date":"1950-01-01"}`, name))
		var found struct{ Items []struct{ ID string } }
		if err := json.Unmarshal(body, &found); err != nil || status != 200 {
			t.Errorf("%s: %d %s", name, status, body)
		} else if len(found.Items) != 1 || found.Items[0].ID != id {
			t.Errorf("%s was acknowledged as %s; there are %v", name, id, found.Items)
		}
		return true
	})
	n := w.acknowledged()
	if n < fewestWrites {
		t.Errorf("only %d writes: no load", n)
	}
	t.Logf("%d acknowledged writes looked up", n)
}

// A second serve on the same directory is refused; serve stops on SIGTERM with its PostgreSQL, and starts
// again on what is there.
func TestServeStartsStopsAndRefusesASecond(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.start()
	other := *i
	other.addr = freeAddress(t)
	if _, err := other.run("serve"); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second serve: %v", err)
	}
	if out, err := i.run("health"); err != nil || out != "ready" {
		t.Errorf("health: %s %v", out, err)
	}
	i.signal(syscall.SIGTERM)
	if _, err := os.Stat(filepath.Join(i.dir, "pg", "postmaster.pid")); !os.IsNotExist(err) {
		t.Error("PostgreSQL outlives serve")
	}
	if _, err := i.run("keys", "create", "--role", "dashboard", "--label", "x"); err == nil {
		t.Error("a command started a database: only serve does")
	}
	i.start()
}
