package cli

import (
	"errors"
	"fmt"

	"waypost/internal/outcomes"
	"waypost/internal/platform/actor"
	"waypost/internal/stores"
)

type pairs struct {
	Check checkPairs `cmd:"" help:"${check_pairs}"`
}

type checkPairs struct{}

var errPairsDiffer = errors.New("figures of paired change are not what the record says: report it (docs/operations.md)")

func (checkPairs) Run(s *surroundings) error {
	d, err := s.running()
	if err != nil {
		return err
	}
	defer d.Close()
	differences := 0
	kept, err := stores.New(d).Outcomes.CheckPairs(
		actor.With(s, actor.Named("command-line")),
		func(p outcomes.PairDifference) {
			differences++
			fmt.Fprintln(s.out, p)
		})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%d pairs are kept, %d differences from those derived anew\n", kept, differences)
	if differences > 0 {
		return errPairsDiffer
	}
	return nil
}
