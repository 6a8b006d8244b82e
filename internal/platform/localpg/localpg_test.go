//go:build unix

package localpg

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// childDir makes this test binary act as a Waypost that is going to be killed.
const childDir = "LOCALPG_TEST_CHILD_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(child(dir))
	}
	os.Exit(m.Run())
}

// child starts the server, commits a row, says so, and waits to be killed.
func child(dir string) int {
	s, err := Start(context.Background(), Config{Dir: dir, Logger: quiet()})
	if err != nil {
		fmt.Println("error:", err)
		return 1
	}
	db, err := pgx.Connect(context.Background(), s.Conn().OwnerURL())
	if err == nil {
		_, err = db.Exec(context.Background(), `create table if not exists kept (n int); insert into kept values (1)`)
	}
	fmt.Println("ready:", readPidFile(filepath.Join(dir, "pg")).pid, err)
	select {}
}

// spawnChild returns a Waypost in another process and the line it says when its row is committed.
func spawnChild(t *testing.T, dir string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd, bufio.NewReader(out)
}

// awaitChild returns the pid of the child's postmaster.
func awaitChild(t *testing.T, out *bufio.Reader) int {
	t.Helper()
	line, err := out.ReadString('\n')
	var pid int
	if _, scanErr := fmt.Sscanf(line, "ready: %d <nil>", &pid); err != nil || scanErr != nil {
		t.Fatalf("child said %q, %v", line, err)
	}
	return pid
}

// newDir is in memory and, unlike t.TempDir, can be entered by the user that the server runs as.
func newDir(t *testing.T) string {
	t.Helper()
	base := "/dev/shm"
	if info, err := os.Stat(base); err != nil || !info.IsDir() {
		base = "/tmp"
	}
	dir, err := os.MkdirTemp(base, "localpg-")
	must(t, err)
	must(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	return filepath.Join(dir, "data")
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func startIn(t *testing.T, dir string) *Server {
	t.Helper()
	return startWith(t, Config{Dir: dir, Ephemeral: true, Logger: quiet()})
}

// startDurable is for tests whose subject is what survives: dir is in memory, so that it costs little here.
func startDurable(t *testing.T, dir string) *Server {
	t.Helper()
	return startWith(t, Config{Dir: dir, Logger: quiet()})
}

func startWith(t *testing.T, c Config) *Server {
	t.Helper()
	began := time.Now()
	s, err := Start(t.Context(), c)
	must(t, err)
	t.Logf("started in %v", time.Since(began).Round(time.Millisecond))
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t *testing.T, s *Server) {
	t.Helper()
	must(t, s.Stop(context.Background()))
}

func openDB(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	db, err := connect(t.Context(), url)
	must(t, err)
	t.Cleanup(func() { _ = db.Close(context.Background()) })
	return db
}

func exec1(t *testing.T, db *pgx.Conn, sql string) {
	t.Helper()
	_, err := db.Exec(t.Context(), sql)
	must(t, err)
}

// count tries for a while, since a killed server takes a moment to come back.
func count(t *testing.T, url, table string) int {
	t.Helper()
	var n int
	var err error
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		var db *pgx.Conn
		if db, err = connect(t.Context(), url); err != nil {
			continue
		}
		err = db.QueryRow(t.Context(), `select count(*) from `+table).Scan(&n)
		_ = db.Close(t.Context())
		if err == nil {
			return n
		}
	}
	t.Fatalf("count %s: %v", table, err)
	return 0
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused checks a start that must fail in one line that says what is wanted.
func refused(t *testing.T, c Config, want ...string) error {
	t.Helper()
	c.Logger = quiet()
	s, err := Start(t.Context(), c)
	if err == nil {
		stop(t, s)
		t.Fatal("started, but must not")
	}
	t.Log(err)
	if strings.Contains(err.Error(), "\n") {
		t.Error("the error has more than one line")
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the error does not say %q", w)
		}
	}
	return err
}

func postmaster(s *Server) int { return readPidFile(s.in.pg).pid }

func awaitGone(t *testing.T, pid int, limit time.Duration) {
	t.Helper()
	began := time.Now()
	for alive(pid) && !zombie(pid) {
		if time.Since(began) > limit {
			t.Fatalf("process %d still lives after %v", pid, limit)
		}
		time.Sleep(2 * time.Millisecond)
	}
	t.Logf("process %d was gone after %v", pid, time.Since(began).Round(time.Millisecond))
}

func await(t *testing.T, limit time.Duration, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no %s within %v", what, limit)
		}
	}
}

// zombie: in a container, the first process may leave orphans that have ended uncollected.
func zombie(pid int) bool {
	b, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return strings.Contains(string(b), ") Z ")
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte(content), 0o644))
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	return string(b)
}
