// Package clock is the one source of the time. A demo and the tests move it; nothing else reads the machine's clock.
package clock

import (
	"sync/atomic"
	"time"
)

// Clock tells the time: the machine's, plus an offset that a demo or a test may advance.
type Clock struct{ offset atomic.Int64 }

// Now is the time in UTC, to the microsecond that PostgreSQL keeps.
func (c *Clock) Now() time.Time {
	return time.Now().Add(c.Offset()).UTC().Truncate(time.Microsecond)
}

// Offset is how far the clock was moved.
func (c *Clock) Offset() time.Duration { return time.Duration(c.offset.Load()) }

// SetOffset moves the clock to the machine's time plus d.
func (c *Clock) SetOffset(d time.Duration) { c.offset.Store(int64(d)) }
