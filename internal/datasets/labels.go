package datasets

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// labelsR is a script that reads the tables into R, codes as factors with their labels.
func labelsR(About) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("# Reads a release's tables into R: tables <- read_release(\"folder\"); tables$outcomes_paired\n")
	b.WriteString("# Codes become factors; levels(x) are the labels. codes = TRUE keeps the codes as they are.\n")
	b.WriteString("read_release <- function(dir = \".\", codes = FALSE) {\n")
	b.WriteString(
		"  read <- function(name, types) utils::read.csv(file.path(dir, paste0(name, \".csv\")), colClasses = " +
			"types, na.strings = \"\", fileEncoding = \"UTF-8\")\n",
	)
	b.WriteString(
		"  mark <- function(x, label, levels = NULL, labels = NULL) {\n    if (!is.null(levels) && !codes) x " +
			"<- factor(x, levels = levels, labels = labels)\n    attr(x, \"label\") <- label\n    x\n  }\n",
	)
	b.WriteString("  out <- list()\n")
	kinds := map[Kind]string{Text: "character", Integer: "integer", Number: "numeric"}
	for _, t := range tables {
		types := make([]string, len(t.Columns))
		for i, c := range t.Columns {
			types[i] = c.Name + " = " + quoteR(kinds[c.Kind])
		}
		fmt.Fprintf(
			&b,
			"\n  # %s: a row is %s\n  d <- read(%s, c(%s))\n",
			t.Name,
			t.Label,
			quoteR(t.Name),
			strings.Join(types, ", "),
		)
		for _, c := range t.Columns {
			fmt.Fprintf(&b, "  d$%s <- mark(d$%s, %s%s)\n", c.Name, c.Name, quoteR(c.Label), levelsR(c))
		}
		fmt.Fprintf(&b, "  out$%s <- d\n", t.Name)
	}
	b.WriteString("  out\n}\n")
	return b.Bytes(), nil
}

func levelsR(c Column) string {
	if len(c.Values) == 0 {
		return ""
	}
	var levels, labels []string
	for _, v := range c.Values {
		level := quoteR(v.Value)
		if c.Kind == Integer {
			level = v.Value + "L"
		}
		levels, labels = append(levels, level), append(labels, quoteR(v.Label))
	}
	return fmt.Sprintf(", c(%s), c(%s)", strings.Join(levels, ", "), strings.Join(labels, ", "))
}

func quoteR(text string) string { return strconv.Quote(text) }

const labelStata = 80 // characters that Stata takes of a variable's label

// labelsStata is a do-file that reads the tables into Stata, codes as labelled numbers, and saves each as .dta.
func labelsStata(About) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("* Reads a release's tables into Stata and saves each as .dta: cd to the folder first.\nversion 14\n")
	for _, t := range tables {
		fmt.Fprintf(&b, "\n* %s: a row is %s\nimport delimited using \"%s.csv\", clear varnames(1) case(preserve) "+
			"encoding(\"UTF-8\") stringcols(%s)\n", t.Name, t.Label, t.Name, stringColumns(t))
		for _, c := range t.Columns {
			labelledStata(&b, c)
			fmt.Fprintf(&b, "label variable %s %s\n", c.Name, quoteStata(cut(c.Label, labelStata)))
		}
		fmt.Fprintf(&b, "compress\nsave \"%s.dta\", replace\n", t.Name)
	}
	return b.Bytes(), nil
}

// labelledStata labels the values of a column; codes become numbers first, 1 and up in the order of their list.
func labelledStata(b *bytes.Buffer, c Column) {
	if len(c.Values) == 0 {
		return
	}
	if c.Kind == Text {
		fmt.Fprintf(b, "generate int coded_ = .\n")
	}
	var labels []string
	for i, v := range c.Values {
		number := v.Value
		if c.Kind == Text {
			number = strconv.Itoa(i + 1)
			fmt.Fprintf(b, "replace coded_ = %s if %s == %s\n", number, c.Name, quoteStata(v.Value))
		}
		labels = append(labels, number+" "+quoteStata(v.Label))
	}
	if c.Kind == Text {
		fmt.Fprintf(b, "order coded_, after(%s)\ndrop %s\nrename coded_ %s\n", c.Name, c.Name, c.Name)
	}
	fmt.Fprintf(
		b,
		"capture label drop %s_\nlabel define %s_ %s\nlabel values %s %s_\n",
		cut(c.Name, 31),
		cut(c.Name, 31),
		strings.Join(labels, " "),
		c.Name,
		cut(c.Name, 31),
	)
}

// stringColumns are the places of a table's texts: codes that look like numbers stay texts.
func stringColumns(t Table) string {
	var places []string
	for i, c := range t.Columns {
		if c.Kind == Text {
			places = append(places, strconv.Itoa(i+1))
		}
	}
	return strings.Join(places, " ")
}

func quoteStata(text string) string { return "`\"" + text + "\"'" }

func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most])
	}
	return text
}
