package people

import (
	"slices"
	"strings"
)

// sameGiven are given names that are spelled in several ways, or are short for one another, as they are compared. A name
// may be in several lines.
var sameGiven = wordsOf(`
mohammed muhammad mohamed mohammad muhammed mohamad mohd mohamud muhamed mehmet
ahmed ahmad ahmet
hussein hussain husain hossain hossein
hassan hasan
yusuf yousuf yousef youssef joseph
ibrahim ebrahim abraham
fatima fatma fatemah fatimah
aisha ayesha aysha aisa
khadija khadijah hatice
maryam mariam miriam
sara sarah
hana hanna hannah
ana anna ann anne annie
catherine katherine kathryn catharine katharine cathy kathy kate katie cath kath kitty
elizabeth elisabeth liz lizzie eliza beth betty bess libby lisbeth elsie
margaret maggie meg peggy margie madge greta
mary molly polly
patricia pat patsy tricia trish
susan suzanne susanna sue suzie susie
jennifer jenny jen
christine christina chris tina chrissie
dorothy dot dotty dolly
barbara barb babs
deborah debra debbie deb
rebecca rebekah becky becca
victoria vicky vicki tori
alexandra alexandria alex sandra sandy
philippa pippa
theresa teresa terry tess tessa
jacqueline jackie jacqui
pamela pam
janet jan
gillian jillian gill jill
lesley leslie les
lynn lynne lyn
claire clare clair
ellen helen nell nellie ellie eleanor
frances fran francesca
william will bill billy willie liam
robert rob bob bobby robbie bert
richard rick dick rich ricky
james jim jimmy jamie
john jon johnny jack
jonathan jonathon jon
michael mike mick micky
david dave davy dai
thomas tom tommy
edward ed eddie ted teddy ned
charles charlie chas chuck
george georgie
henry harry hal
harold harry
anthony antony tony
andrew andy drew
stephen steven steve stevie
joseph joe joey
daniel dan danny
samuel sam sammy
samantha sam
matthew mathew matt
nicholas nicolas nick nicky
nicola nicky nikki
christopher chris kit
peter pete
ronald ron ronnie
donald don donny
kenneth ken kenny
gerald gerry jerry
geoffrey jeffrey geoff jeff
frederick fred freddie
albert bert al
alan allan allen alun
brian bryan
graham graeme
ian iain
sean shaun shawn
neil neal
philip phillip phil
timothy tim
gregory greg
lawrence laurence larry
raymond ray
leonard len lenny
terence terrence terry
vincent vince
zbigniew zbyszek
stanislaw stan
katarzyna kasia
malgorzata gosia
agnieszka aga
aleksandra ola
`)

func wordsOf(lines string) (list [][]string) {
	for line := range strings.Lines(strings.TrimSpace(lines)) {
		list = append(list, strings.Fields(line))
	}
	return list
}

// maybeSameGiven reports whether two first names are spellings of one, one is short for the other, or one is the other's
// first letter.
func maybeSameGiven(a, b string) bool {
	return slices.ContainsFunc(sameGiven, func(line []string) bool {
		return slices.Contains(line, a) && slices.Contains(line, b)
	}) || isInitial(a, b) || isInitial(b, a)
}

func isInitial(a, name string) bool { return len([]rune(a)) == 1 && strings.HasPrefix(name, a) }
