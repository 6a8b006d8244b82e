package instruments

import (
	_ "embed"
	"slices"

	"gopkg.in/yaml.v3"
)

// Proxy is the respondent who answers for the person, and is no helper of one who answers.
const Proxy = "proxy"

//go:embed words.yaml
var wordsYAML []byte

// words stand beside those of the definitions on a person's own page.
var words = loadWords()

type pageWords struct {
	NoAnswer   Choices           `yaml:"no_answer"`
	ProxyItems map[string]string `yaml:"proxy_items"`
	ProxyNote  string            `yaml:"proxy_note"`
}

// NoAnswer are the ways to give no answer that every question offers.
func NoAnswer() Choices { return slices.Clone(words.NoAnswer) }

// Choices keep the order of the file that they are read from.
type Choices []Choice

func (c *Choices) UnmarshalYAML(n *yaml.Node) error {
	for i := 0; i < len(n.Content); i += 2 {
		*c = append(*c, Choice{n.Content[i].Value, n.Content[i+1].Value})
	}
	return nil
}

// loadWords reads the words; they are part of the program, so a fault in them stops it at once.
func loadWords() (w pageWords) {
	if err := yaml.Unmarshal(wordsYAML, &w); err != nil {
		panic(err)
	}
	return w
}
