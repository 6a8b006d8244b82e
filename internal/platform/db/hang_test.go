package db_test

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"waypost/internal/platform/clock"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
	"waypost/internal/platform/fault"
)

// proxy stands between the program and the server. While it is stopped it takes connections and passes
// nothing on, as a server whose processes are stopped does.
type proxy struct {
	net.Listener
	stopped sync.RWMutex

	mu   sync.Mutex
	open []*sync.RWMutex // one for each connection, held while it is stuck
}

// stick lets the connections that are open now pass nothing on any more, while new ones work; it ends with the test.
func (p *proxy) stick(t *testing.T) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, stuck := range p.open {
		stuck.Lock()
		t.Cleanup(stuck.Unlock)
	}
	p.open = nil
}

// behindProxy is the address of a fresh database behind a proxy.
func behindProxy(t *testing.T) (*proxy, string) {
	t.Helper()
	address := dbtest.URL(t)
	config, err := pgx.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p := &proxy{Listener: l}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(client, config)
		}
	}()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Host, u.RawQuery = l.Addr().String(), "sslmode=disable"
	return p, u.String()
}

func (p *proxy) serve(client net.Conn, config *pgx.ConnConfig) {
	defer client.Close()
	network, at := pgconn.NetworkAddress(config.Host, config.Port)
	server, err := net.Dial(network, at)
	if err != nil {
		return
	}
	defer server.Close()
	stuck := &sync.RWMutex{}
	p.mu.Lock()
	p.open = append(p.open, stuck)
	p.mu.Unlock()
	go p.pass(client, server, stuck)
	p.pass(server, client, stuck)
}

func (p *proxy) pass(to io.WriteCloser, from io.Reader, stuck *sync.RWMutex) {
	defer to.Close()
	for b := make([]byte, 64<<10); ; {
		n, err := from.Read(b)
		p.stopped.RLock()
		p.stopped.RUnlock() //lint:ignore SA2001 it waits while the proxy is stopped
		stuck.RLock()
		stuck.RUnlock() //lint:ignore SA2001 and while the connection is stuck
		if _, wrong := to.Write(b[:n]); err != nil || wrong != nil {
			return
		}
	}
}

// soon is how long a caller may wait for the word that the database hangs, on a machine that does much else.
const soon = 20 * time.Second

// A database that takes connections and says nothing is told as unavailable within seconds, by new
// connections, by idle ones of the pool and by statements under way; and it is used again when it answers.
func TestADatabaseThatHangsIsToldSoon(t *testing.T) {
	t.Parallel()
	p, address := behindProxy(t)
	d, err := db.Open(db.Config{URL: address, Clock: &clock.Clock{}, StatementTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	nothing := func(*db.Tx) error { return nil }
	if err := d.Do(t.Context(), nothing); err != nil {
		t.Fatal(err)
	}
	began, under := make(chan struct{}), make(chan error, 1)
	go func() {
		under <- d.Do(t.Context(), func(tx *db.Tx) error {
			if err := tx.Exec("select 1").Error; err != nil {
				return err
			}
			began <- struct{}{}
			<-began
			return tx.Exec("select pg_sleep(50)").Error
		})
	}()
	<-began
	p.stopped.Lock()
	began <- struct{}{}
	since := time.Now()
	var all sync.WaitGroup
	for range 12 { // more than there are connections
		all.Go(func() {
			err := d.Do(t.Context(), nothing)
			if took := time.Since(since); !fault.Is(err, fault.Unavailable) || took > soon {
				t.Errorf("after %v: %v", took, err)
			}
		})
	}
	if err := <-under; !fault.Is(err, fault.Unavailable) || time.Since(since) > soon {
		t.Errorf("under way, after %v: %v", time.Since(since), err)
	}
	all.Wait()
	if err := d.Ready(1, nil); err == nil || time.Since(since) > 2*soon {
		t.Errorf("ready: %v after %v", err, time.Since(since))
	}
	p.stopped.Unlock()
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		err := d.Do(t.Context(), nothing)
		if err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// Nobody waits for background work, which may have run for an hour: it outlasts a server that says nothing
// for some seconds.
func TestBackgroundWorkOutlastsAShortHang(t *testing.T) {
	t.Parallel()
	p, address := behindProxy(t)
	d, err := db.Open(db.Config{URL: address, Clock: &clock.Clock{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	err = d.Do(db.Background(t.Context()), func(tx *db.Tx) error {
		p.stopped.Lock()
		time.AfterFunc(7*time.Second, p.stopped.Unlock)
		return tx.Exec("select 1").Error
	})
	if err != nil {
		t.Error(err)
	}
}

// A statement that is only slow runs on, as long as the server answers others.
func TestASlowStatementIsNoHang(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	if err := d.Do(t.Context(), func(tx *db.Tx) error { return tx.Exec("select pg_sleep(7)").Error }); err != nil {
		t.Error(err)
	}
}

// Who waits for a connection of a pool that is all in use waits seconds, and not until the work of the others is done.
func TestWaitingForAConnectionHasAnEnd(t *testing.T) {
	t.Parallel()
	d, err := db.Open(db.Config{URL: dbtest.URL(t), Clock: &clock.Clock{}, Connections: 1, ConnectTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	err = d.Do(
		t.Context(),
		func(tx *db.Tx) error { return d.Do(db.Apart(tx.Context()), func(*db.Tx) error { return nil }) },
	)
	if !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}

// Connections that are stuck, on a server that takes new ones and answers them, are given up soon after the
// limit of a statement, and none that was open by then is used again.
func TestStuckConnectionsAreGivenUp(t *testing.T) {
	t.Parallel()
	p, address := behindProxy(t)
	d, err := db.Open(db.Config{URL: address, Clock: &clock.Clock{}, Connections: 4, StatementTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	together := func(n int) (refused int) {
		var all sync.WaitGroup
		errs := make([]error, n)
		for i := range n {
			all.Go(func() {
				errs[i] = d.Do(t.Context(), func(tx *db.Tx) error { return tx.Exec("select pg_sleep(0.2)").Error })
			})
		}
		all.Wait()
		for _, err := range errs {
			if err != nil && !fault.Is(err, fault.Unavailable) {
				t.Errorf("%v", err)
			}
			if err != nil {
				refused++
			}
		}
		return refused
	}
	if n := together(4); n > 0 { // as many connections are open now as there may be
		t.Fatalf("%d of 4 were refused", n)
	}
	time.Sleep(1100 * time.Millisecond) // a connection that was idle for a second is looked at before it is used
	p.stick(t)
	if n := together(4); n > 0 {
		t.Errorf("%d of 4 were refused after idle connections got stuck", n)
	}
	began := time.Now()
	err = d.Do(t.Context(), func(tx *db.Tx) error {
		p.stick(t)
		return tx.Exec("select 1").Error
	})
	// it is some 6 s; the machine may be busy
	if took := time.Since(began); !fault.Is(err, fault.Unavailable) || took > 20*time.Second {
		t.Errorf("on a connection that got stuck: %v, after %v", err, took)
	}
	if n := together(4); n > 0 {
		t.Errorf("%d of 4 were refused once the stuck connections were known", n)
	}
}
