// Package fault holds the few stable kinds of thing that can go wrong, in words
// that are safe to show: nothing a caller sent, nothing of a person.
//
// An area makes a fault; api/problem.go is the only place that knows which HTTP
// status a kind has. The cause is for the log alone.
package fault

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Kind is the stable code of a fault; clients may branch on it.
type Kind string

const (
	Unauthenticated      Kind = "unauthenticated"
	Forbidden            Kind = "forbidden"
	NotFound             Kind = "not_found" // also: not yours to see
	Conflict             Kind = "conflict"
	Stale                Kind = "stale"
	Invalid              Kind = "invalid"
	Unreadable           Kind = "unreadable" // shown as code "invalid", status 400: it could not be parsed at all
	PreconditionRequired Kind = "precondition_required"
	ConsentRequired      Kind = "consent_required"
	MoveNotAllowed       Kind = "move_not_allowed"
	IdempotencyMismatch  Kind = "idempotency_mismatch"
	TooLarge             Kind = "too_large"
	RateLimited          Kind = "rate_limited"
	Internal             Kind = "internal"
	Unavailable          Kind = "unavailable"
)

// Code says what kind of thing is wrong at one place of the request; clients may branch on it.
type Code string

const (
	Required         Code = "required"
	UnknownField     Code = "unknown_field"
	UnknownCode      Code = "unknown_code"
	UnknownReference Code = "unknown_reference"
	OutOfRange       Code = "out_of_range"
	TooLong          Code = "too_long"
	TooShort         Code = "too_short"
	WrongType        Code = "wrong_type"
	WrongFormat      Code = "wrong_format"
	Duplicate        Code = "duplicate"
	NotAllowed       Code = "not_allowed"
)

// Meaning is what a code says, in a sentence for the document.
type Meaning struct {
	Code    Code
	Meaning string
}

// Meanings are all codes of fields, in the order in which the document shows them, and what each means.
var Meanings = []Meaning{
	{Required, "It is missing, null or blank, and is needed."},
	{UnknownField, "The operation has no such field or parameter."},
	{UnknownCode, "It is not a code of the list that the field takes."},
	{UnknownReference, "It names something that does not exist, or that the caller may not see."},
	{OutOfRange, "A number, day or instant is too small, too large, too early or too late."},
	{TooLong, "A text has too many characters, or a list too many entries."},
	{TooShort, "A text has too few characters, or a list too few entries."},
	{WrongType, "It is of another JSON type than the field takes."},
	{WrongFormat, "It is of the right type, but cannot be read as what the field takes, such as a date."},
	{Duplicate, "It stands more than once, or is taken already."},
	{NotAllowed, "It is right by itself, but not beside the rest of the request or of the record."},
}

// Field says what is wrong at one place of the request, such as "body.received_on".
type Field struct {
	// Where in the request: path, query, header or body, and the field.
	Location string `json:"location" example:"body.received_on"`
	// What kind of thing is wrong there, stable: branch on this. Further codes may come.
	Code Code `json:"code" example:"out_of_range"`
	// What is wrong there, without repeating what was sent.
	Message string `json:"message" example:"must not lie in the future"`
}

// Error is a fault: a kind, a sentence that is safe to show, and what is only for the log. It is a value:
// once made it is not changed, since packages declare faults that many requests share. At, Because and
// RetryIn return copies.
type Error struct {
	Kind       Kind
	Detail     string
	Fields     []Field
	RetryAfter time.Duration // with RateLimited and Unavailable
	// with Conflict: whom the site knows already
	PossibleDuplicates []PossibleDuplicate
	// with Conflict: the patient that a record was merged into
	MergedInto *uuid.UUID
	// with Conflict: the patient whose merge must be undone before
	UndoFirst *uuid.UUID
	// with Conflict: what must be assigned to one of two people
	Unassigned []Item
	Cause      error // logged, never shown
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return string(e.Kind) + ": " + e.Detail + ": " + e.Cause.Error()
	}
	return string(e.Kind) + ": " + e.Detail
}

func (e *Error) Unwrap() error { return e.Cause }

// Is makes errors.Is find a declared fault in its copies: they share the kind and the detail.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind && t.Detail == e.Detail
}

// PossibleDuplicate is a record of somebody who may be the same person.
type PossibleDuplicate struct {
	// The record that is there.
	PatientID uuid.UUID `json:"patient_id" format:"uuid"`
	// How alike the two are: 1 where all that both have is the same, at least 0.7.
	Score float64 `json:"score" minimum:"0" maximum:"1" example:"0.95"`
	// What of them is alike, by the codes of the list match_reasons.
	Reasons []string `json:"reasons" format:"code:match_reasons"`
}

// Naming is the fault with the records of people who may be the same person.
func (e *Error) Naming(list []PossibleDuplicate) *Error {
	f := *e
	f.PossibleDuplicates = list
	return &f
}

// Item is something of a person's record.
type Item struct {
	// What it is.
	Kind string `json:"kind" enum:"consent,episode" example:"consent"`
	// Its id.
	ID uuid.UUID `json:"id" format:"uuid"`
}

// MergedAway is the fault of writing to a record that was merged into another one.
func MergedAway(into uuid.UUID) *Error {
	f := New(Conflict, "This record was merged into another one of the same person: write to that one, which merged_into_id names.")
	f.MergedInto = &into
	return f
}

// New makes a fault whose detail is safe to show.
func New(kind Kind, detail string) *Error { return &Error{Kind: kind, Detail: detail} }

// At is the fault with one more field of the request that is wrong.
func (e *Error) At(location string, code Code, message string) *Error {
	f := *e
	f.Fields = slices.Concat(e.Fields, []Field{{location, code, message}})
	return &f
}

// Because is the fault with its cause, for the log alone.
func (e *Error) Because(err error) *Error {
	f := *e
	f.Cause = err
	return &f
}

// RetryIn is the fault with the time after which asking again makes sense.
func (e *Error) RetryIn(d time.Duration) *Error {
	f := *e
	f.RetryAfter = d
	return &f
}

// InvalidAt is the commonest fault: one field of the body is wrong.
func InvalidAt(field string, code Code, message string) *Error {
	return New(Invalid, "The request is well formed, but not right.").At("body."+field, code, message)
}

// Within says that a fault came about in one part of a larger request, such as referrals[1]: what it says
// of the body it then says of that part, and one that names no field names the part.
func Within(part string, err error) error {
	var f *Error
	if !errors.As(err, &f) || f.Kind == Internal || f.Kind == Unavailable {
		return err
	}
	of := *f
	of.Fields = nil
	for _, field := range f.Fields {
		if field.Location == "body" || strings.HasPrefix(field.Location, "body.") {
			field.Location = "body." + part + strings.TrimPrefix(field.Location, "body")
		}
		of.Fields = append(of.Fields, field)
	}
	if len(of.Fields) == 0 {
		code := NotAllowed
		if f.Kind == NotFound {
			code = UnknownReference
		}
		of.Fields = []Field{{"body." + part, code, f.Detail}}
	}
	return &of
}

// Missing is the fault of a thing that is not there, or not yours to see: the two are never told apart.
func Missing(what string) *Error { return New(NotFound, "There is no such "+what+".") }

// Is reports whether err is a fault of the kind.
func Is(err error, kind Kind) bool {
	var f *Error
	return errors.As(err, &f) && f.Kind == kind
}

// Checks gathers what is wrong with a request, so that a caller hears of everything at once.
type Checks struct{ fields []Field }

// Require notes the code and the message at the field of the body unless ok.
func (c *Checks) Require(ok bool, field string, code Code, message string) {
	if !ok {
		c.fields = append(c.fields, Field{"body." + field, code, message})
	}
}

// Err is nil when nothing was noted.
func (c *Checks) Err() error {
	if len(c.fields) == 0 {
		return nil
	}
	f := New(Invalid, "The request is well formed, but not right.")
	f.Fields = c.fields
	return f
}

// Warning is something worth knowing about a request that succeeded all the same.
type Warning struct {
	// Stable code of the warning.
	Code string `json:"code" example:"open_referral_exists"`
	// What it is about.
	Detail string `json:"detail"`
}
