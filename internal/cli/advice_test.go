package cli

import "testing"

func TestServersThatAreTooOld(t *testing.T) {
	t.Parallel()
	for version, refused := range map[int]bool{90624: true, 140012: true, 149999: true, 150000: false, 150018: false, 180001: false} {
		if err := tooOld(version); (err != nil) != refused {
			t.Errorf("%d: %v", version, err)
		}
	}
}
