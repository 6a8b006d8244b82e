package wire

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"time"

	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

// Page is one page of a list.
type Page[T any] struct {
	// The page's items.
	Items []T `json:"items"`
	// Pass it as cursor for the next page; null on the last.
	NextCursor *string `json:"next_cursor"`
}

// Paging is the part of a list's query that pages.
type Paging struct {
	// How many items a page has at most.
	Limit int `query:"limit" default:"50" minimum:"1" maximum:"200"`
	// The next_cursor of the page before, with the same filter.
	Cursor string `query:"cursor" maxLength:"1000"`
}

func (p Paging) asked() (Paging, time.Time) { return p, time.Time{} }

// Changing is the query of a list whose items change, or come late: it can be asked for what is new.
type Changing struct {
	Paging
	// Only items whose updated_at is this instant or later. Work that was under way is recorded under
	// the instant at which it began: begin a minute before the last time you asked.
	UpdatedSince time.Time `query:"updated_since" example:"2026-01-12T09:30:00Z"`
}

func (c Changing) asked() (Paging, time.Time) { return c.Paging, c.UpdatedSince }

// listed is the query of any list.
type listed interface{ asked() (Paging, time.Time) }

// cursor is what next_cursor holds: where the page ended, bound to the filter it belongs to.
type cursor[P any] struct {
	Filter []byte `json:"f"`
	At     P      `json:"p"`
}

// start is where a page begins: the zero P without a cursor.
func start[P any](ctx context.Context, p Paging) (at P, err error) {
	if p.Cursor == "" {
		return at, nil
	}
	var c cursor[P]
	text, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	if err != nil || json.Unmarshal(text, &c) != nil || string(c.Filter) != string(filterOf(ctx)) {
		return at, fault.New(fault.Invalid, "The cursor does not belong to this list with this filter. Start again without it.").
			At("query.cursor", fault.WrongFormat, "belongs to another list, or was changed")
	}
	return c.At, nil
}

// page cuts a list that was read one item further than the limit, and says where the next page begins.
func page[T, P any](ctx context.Context, p Paging, list []T, position func(T) P) (Page[T], error) {
	out := Page[T]{Items: append([]T{}, list...)}
	if len(list) <= p.Limit {
		return out, nil
	}
	out.Items = out.Items[:p.Limit]
	text, err := json.Marshal(cursor[P]{filterOf(ctx), position(out.Items[p.Limit-1])})
	next := base64.RawURLEncoding.EncodeToString(text)
	out.NextCursor = &next
	return out, err
}

// filterOf sums up which list this is: its operation, the thing in its path, and everything asked of it but the page.
func filterOf(ctx context.Context) []byte {
	req := RequestOf(ctx)
	q, _ := url.ParseQuery(req.Query)
	q.Del("cursor")
	q.Del("limit")
	return sum(req.operation, req.Path, q.Encode(), string(req.bodySum[:]))[:8]
}

// List is the whole of a list operation: where to begin, one item more than asked for, and the page.
func List[T, P any](
	ctx context.Context,
	in listed,
	read func(db.Page[P]) ([]T, error),
	position func(T) P,
) (out Page[T], err error) {
	p, since := in.asked()
	after, err := start[P](ctx, p)
	if err != nil {
		return out, err
	}
	list, err := read(db.Page[P]{After: after, Limit: p.Limit + 1, UpdatedSince: since})
	if err != nil {
		return out, err
	}
	return page(ctx, p, list, position)
}
