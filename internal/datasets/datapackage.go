package datasets

// dataPackage is the release's descriptor by the Data Package standard, version 2.
func dataPackage(a About) ([]byte, error) {
	p := packageFile{
		Schema:      "https://datapackage.org/profiles/2.0/datapackage.json",
		Name:        "waypost-release",
		Title:       a.Title,
		Description: a.Citation,
		Created:     a.AsOf.Format("2006-01-02T15:04:05Z"),
		Version:     "",
		Resources:   []resource{},
	}
	for _, t := range tables {
		r := resource{
			Name:      t.Name,
			Type:      "table",
			Path:      t.Name + ".csv",
			Title:     "A row is " + t.Label,
			Format:    "csv",
			MediaType: "text/csv",
			Encoding:  "utf-8",
			Schema:    t.schema(),
		}
		for _, f := range a.Files {
			if f.Name == r.Path {
				r.Bytes, r.Hash = f.Bytes, "sha256:"+f.SHA256
			}
		}
		p.Resources = append(p.Resources, r)
	}
	return indented(p)
}

type packageFile struct {
	Schema      string     `json:"$schema"`
	Name        string     `json:"name"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Created     string     `json:"created"`
	Version     string     `json:"version,omitempty"`
	Resources   []resource `json:"resources"`
}

type resource struct {
	Name      string      `json:"name"`
	Type      string      `json:"type"`
	Path      string      `json:"path"`
	Title     string      `json:"title"`
	Format    string      `json:"format"`
	MediaType string      `json:"mediatype"`
	Encoding  string      `json:"encoding"`
	Bytes     int64       `json:"bytes"`
	Hash      string      `json:"hash"`
	Schema    tableSchema `json:"schema"`
}

type tableSchema struct {
	Schema      string       `json:"$schema"`
	Fields      []tableField `json:"fields"`
	Missing     []string     `json:"missingValues"`
	PrimaryKey  []string     `json:"primaryKey"`
	ForeignKeys []foreignKey `json:"foreignKeys,omitempty"`
}

type tableField struct {
	Name        string      `json:"name"`
	Type        Kind        `json:"type"`
	Title       string      `json:"title"`
	Constraints constraints `json:"constraints,omitzero"`
	Categories  []category  `json:"categories,omitempty"`
}

type constraints struct {
	Required bool  `json:"required,omitempty"`
	Enum     []any `json:"enum,omitempty"`
}

type category struct {
	Value any    `json:"value"`
	Label string `json:"label"`
}

type foreignKey struct {
	Fields    []string  `json:"fields"`
	Reference reference `json:"reference"`
}

type reference struct {
	Resource string   `json:"resource"`
	Fields   []string `json:"fields"`
}

func (t Table) schema() tableSchema {
	s := tableSchema{
		Schema:     "https://datapackage.org/profiles/2.0/tableschema.json",
		Missing:    []string{""},
		PrimaryKey: t.Key,
	}
	for i, c := range t.Columns {
		f := tableField{Name: c.Name, Type: c.Kind, Title: c.Label, Constraints: constraints{Required: i == 0}}
		for _, v := range c.Values {
			value := c.typed(v.Value)
			f.Constraints.Enum, f.Categories = append(
				f.Constraints.Enum,
				value,
			), append(
				f.Categories,
				category{value, v.Label},
			)
		}
		s.Fields = append(s.Fields, f)
	}
	if t.Name != participants.Name {
		of := []string{studyID.Name}
		s.ForeignKeys = []foreignKey{{of, reference{participants.Name, of}}}
	}
	return s
}

// typed is a value as JSON has those of the column's type.
func (c Column) typed(text string) any {
	if n, err := parsed([]byte(text)); err == nil && c.Kind == Integer {
		return n
	}
	return text
}
