package cli

import "testing"

func TestAPublicURLIsOneThatPeopleReach(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "https://waypost.example", "https://waypost.example:8443",
		"https://example.org/waypost", "http://example.org/apps/way-post.v2"} {
		if err := checkPublicURL(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"waypost.example", "ftp://waypost.example", "https://waypost.example/",
		"https://u:p@waypost.example", "https://waypost.example?", "https://waypost.example/a//b",
		"https://waypost.example/%41", "https://example.org/r", "https://example.org/docs/waypost"} {
		if checkPublicURL(text) == nil {
			t.Errorf("%s is taken", text)
		}
	}
	for _, text := range []string{"http://[::]:8080", "http://0.0.0.0:8080", "http://127.1.2.3",
		"https://[::1]/waypost", "https://LOCALHOST", "https://waypost.localhost", "http://[::ffff:127.0.0.1]:8080",
		"http://127.1", "http://0", "http://2130706433", "http://0x7f.1", "http://localhost.localdomain", "http://ip6-localhost"} {
		if checkReachable(text) == nil {
			t.Errorf("%s is taken outside a demo", text)
		}
	}
	for _, text := range []string{"", "https://waypost.example", "http://10.1.2.3:8080", "https://waypost2", "https://nhs24.example"} {
		if err := checkReachable(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
