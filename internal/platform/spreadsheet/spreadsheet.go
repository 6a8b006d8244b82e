// Package spreadsheet keeps spreadsheets from running what stands in a CSV. Excel, LibreOffice and Google
// Sheets take a cell that begins with one of a few characters for a formula, which may read other cells,
// call an address or start a program (https://owasp.org/www-community/attacks/CSV_Injection).
package spreadsheet

import (
	"strings"
	"unicode/utf8"
)

// starts are the characters that a formula may begin with; the last four are full-width forms of the first four.
const starts = "=+-@\t\r\n＝＋－＠"

// Formula reports whether a spreadsheet may take the text of a cell for a formula.
func Formula[T ~string | ~[]byte](text T) bool {
	first, size := utf8.DecodeRuneInString(string(text[:min(len(text), utf8.UTFMax)]))
	return size > 0 && strings.ContainsRune(starts, first)
}

// Text is the text of a CSV's cell, with an apostrophe before what a spreadsheet would run. It is for text
// alone: a number is written as it is, and a negative one stays a number.
func Text(text string) string {
	if Formula(text) {
		return "'" + text
	}
	return text
}
