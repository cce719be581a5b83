package registration

import (
	"net/url"
	"strings"
	"testing"
)

func TestAddresses(t *testing.T) {
	t.Setenv("GITHUB_ACTIONS_RUNNER_FORCE_GHES", "")
	for _, each := range []struct{ address, base, scope string }{
		{"https://github.com/octo/example", "https://api.github.com", "repos/octo/example"},
		{"https://www.github.com/octo", "https://api.github.com", "orgs/octo"},
		{"https://octo.ghe.com/octo", "https://api.octo.ghe.com", "orgs/octo"},
		{"https://github.example:8443/octo/example/", "https://github.example:8443/api/v3", "repos/octo/example"},
		{"http://github.example/enterprises/octo", "http://github.example/api/v3", "enterprises/octo"},
		{"https://not-github.com/octo", "https://not-github.com/api/v3", "orgs/octo"},
	} {
		target, err := readURL(each.address)
		if err != nil {
			t.Fatal(err)
		}
		if base(target) != each.base || scope(target) != each.scope {
			t.Errorf("%s: %s, %s", each.address, base(target), scope(target))
		}
	}
	t.Setenv("GITHUB_ACTIONS_RUNNER_FORCE_GHES", "1")
	if address := base(&url.URL{Scheme: "https", Host: "github.com"}); address != "https://github.com/api/v3" {
		t.Error(address)
	}
}

func TestLabels(t *testing.T) {
	for _, each := range []struct {
		given     string
		onlyGiven bool
		want      string
	}{
		{"", false, "self-hosted Linux ARCH"},
		{"gpu, GPU ,linux", false, "self-hosted Linux ARCH gpu"},
		{"gpu", true, "gpu"},
	} {
		labels, err := readLabels(each.given, each.onlyGiven)
		var names []string
		for _, label := range labels {
			name := label.Name
			if label.Type == "System" && name != "self-hosted" && name != "Linux" {
				name = "ARCH"
			}
			names = append(names, name)
		}
		if text := strings.Join(names, " "); err != nil || text != each.want {
			t.Errorf("%q: %s, %v", each.given, text, err)
		}
	}
}

func TestChoose(t *testing.T) {
	groups := []group{{1, "Default", true}, {2, "Team", false}}
	for wanted, id := range map[string]int64{"": 1, "team": 2, "DEFAULT": 1} {
		if got, err := choose(groups, wanted); err != nil || got.id != id {
			t.Errorf("%q: %+v, %v", wanted, got, err)
		}
	}
	for wanted, message := range map[string]string{
		"other": `Could not find any self-hosted runner group named "other".`,
		"":      "Could not find any self-hosted runner groups. Contact support.",
	} {
		if _, err := choose(groups[1:], wanted); err == nil || err.Error() != message {
			t.Errorf("%q: %v", wanted, err)
		}
	}
}
