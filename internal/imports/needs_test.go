package imports

import (
	"slices"
	"testing"

	"waypost/internal/directory"
	"waypost/internal/platform/codes"
	"waypost/internal/platform/text"
)

func TestInfersNeeds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, description, eligibility string
		needs                          []string
		activity                       string
	}{
		{"Food pantry", "", "", []string{"food"}, "food_practical"},
		{"The Kitchen", "Trains people for food service.", "", nil, "not_known"},
		{"The Kitchen", "Trains people for jobs in food service.", "", []string{"employment_volunteering"}, "employment_volunteering"},
		{"Open door", "Offers shelter to homeless men.", "", []string{"homelessness"}, "other"},
		{"Safe roof", "Mends damp homes.", "", []string{"housing_condition"}, "advice_legal_money"},
		{"New start", "Help on leaving prison.", "Ex-offenders", []string{"leaving_prison_justice"}, "employment_volunteering"},
		{"English classes (ESOL)", "", "", []string{"education_skills", "language_culture"}, "learning_digital"},
		{"Salvation Army", "", "", nil, "not_known"},
		{"Chemist", "Prescription drugs. Must be drug-free.", "", nil, "not_known"},
		// said once, and only in passing
		{"The Hub", "A friendly place. It has a debt adviser on some days.", "", nil, "not_known"},
		{"The Hub", "VOLUNTEERS: Help in our food bank.", "", nil, "not_known"},
		{"The Hub", "1) FOOD BANK: Open daily.", "", []string{"food"}, "food_practical"},
		{"Carer's group", "For carers of people with dementias.", "", []string{"caring_role", "memory_dementia"}, "befriending_peer"},
	} {
		needs, activity := theMap().infer("", directory.ServiceDetails{Name: c.name,
			Description: text.Optional(c.description), Eligibility: text.Optional(c.eligibility)})
		if !slices.Equal(needs, c.needs) || activity != c.activity {
			t.Errorf("%s, %s: %v, %s; want %v, %s", c.name, c.description, needs, activity, c.needs, c.activity)
		}
	}
}

// Every phrase of the map must be able to do its work: no other phrase strikes it out or says it already.
func TestEveryPhraseOfTheMapWorks(t *testing.T) {
	t.Parallel()
	list, _ := codes.Lookup("needs")
	for _, c := range list.Codes {
		if _, ok := theMap().activity[c.Code]; !ok && c.Code != "other" && c.Code != "not_yet_known" {
			t.Errorf("the map has no words for %s", c.Code)
		}
	}
	for _, part := range []phrases{theMap().words, theMap().hints} {
		seen := map[string]bool{}
		for _, of := range part {
			for _, p := range of {
				words := slices.Clone(p.words)
				theMap().never.strike(words)
				if part.count(words)[p.need] != 1 {
					t.Errorf("%s: %v is struck out", p.need, p.words)
				}
				key := p.need + ": " + join(p.words)
				if seen[key] {
					t.Errorf("%s is there twice", key)
				}
				seen[key] = true
			}
		}
	}
}

func join(words []string) (out string) {
	for _, w := range words {
		out += w + " "
	}
	return out
}

func TestSingular(t *testing.T) {
	t.Parallel()
	for plural, one := range map[string]string{"meals": "meal", "groceries": "grocery", "lunches": "lunch",
		"classes": "class", "stress": "stress", "crisis": "crisis", "taxes": "tax", "bus": "bus",
		"alzheimers": "alzheimer", "gas": "gas"} {
		if got := singular(plural); got != singular(one) {
			t.Errorf("%s became %s, not %s", plural, got, one)
		}
	}
}
