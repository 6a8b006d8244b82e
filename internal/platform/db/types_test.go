package db_test

import (
	"fmt"
	"sync"
	"testing"

	"waypost/internal/platform/db"
)

// Lists are written and read by many requests at once. Seen by the race detector alone: what is shared is a
// map that fills up.
func TestListsAtOnce(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			texts, err := db.Texts{"a b", `"`, fmt.Sprint(i)}.Value()
			var back db.Texts
			if err == nil {
				err = back.Scan(texts)
			}
			numbers, wrong := db.Ints{i, -1}.Value()
			var ints db.Ints
			if wrong == nil {
				wrong = ints.Scan(numbers)
			}
			if err != nil || wrong != nil || fmt.Sprint(back, ints) != fmt.Sprintf("[a b \" %d] [%d -1]", i, i) {
				t.Errorf("%v %v: %v %v", err, wrong, back, ints)
			}
		})
	}
	all.Wait()
}
