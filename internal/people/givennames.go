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
ann anne annie
ana anna
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

// givenNames are names that people are given which a slip of the keys would make of one another: two of them are two names.
var givenNames = strings.Fields(`
adrian adriana adrianna aileen alana alanna alina alena alexis alexia alisa alissa alison allison amelia amelie amina aminah
andre andrea andreas andrei angela angelo angelina ariana arianna arlene audrey aurelia brenda brendan bruno camilla camille
carina carlo carlos carla carol carole caroline carolina carrie cecilia cecile celia celine charlene charlotte christian
christiana clara claudia claudio clive corina corinna cornelia cornelius dana dania daniele daniela danielle daniella darren
darrel darrell dean deanna delia denis dennis denise diana diane dianne dominic dominica dominique donna doreen dorian doris
eileen elaine elena elenor elinor elisa elise elisha eliza emil emile emilia emilie emily emma eric erica erin ernest esme esmee
esther eugene eugenia eva evan eve evelyn faisal farah farhan felicia felix fiona florian francis frances francine gabriel
gabriela gabriele gabriella gabrielle georgia georgina gerard gerhard gina gloria grace hamid hamida hannah harriet hazel
helena helene henrietta henry imran irena irene irina isabel isabella isabelle ivan ivana jamal jamila jane janet janette
janice janine jasmin jasmine jean jeanette jeanne joan joana joanna joanne jolene josephine juan juana judith judy julia julian
juliana julianna julianne julie juliet juliette june karen karin karina karl karla kareem karim karima katarina katrina
kelly kerry kevin kirsten kirstin kristian kristina lara larissa laura lauren laurent leah leanne lena leo leon leona leonie
leila lila lilian lillian linda lisa lorena loretta lorna lorraine louis louisa louise lucas lucia lucian luciana lucy luis
luisa luke lydia magdalena malik malika marcel marcela marcella marcelle marcia marco marcos marcus maria marian mariana
marianna marianne marie marina mario marion marisa marissa marius mark martha martin martina martine mateo matteo maureen
maurice melanie melinda melissa mia michaela michele michelle mila milan milena mira miranda mirela mirella mohsin monica
monique morgan muriel nadia nadine naomi natalia natalie natasha nathan nathaniel nigel nina nora norma norman oliver olivia
olga oscar pamela paul paula paulina pauline petra phoebe phyllis rachel rafael rafaela ralph ramona rashid rashida regina
rene renata renate renee rita roberta roberto rod roger roland rolanda roman romana romeo rosa rosalie rosalind rose rosanna
rosanne roxana roxanna roxanne ruben rupert ruth sabina sabine sabrina sally salma salman samir samira sandra selena selina
serena shannon sharon sheila shirley silvia simon simona simone sofia sophia sophie stacey stefan stefania stella stephanie
sylvia sylvie tamara tania tanya tatiana tina toby tracey tracy umar una ursula valentin valentina valentine valeria valerie
vanessa vera verena verona veronica viola violet violeta violetta virginia vivian viviana vivien vivienne walid wendy xavier
yasmin yasmina yasmine yolanda yvette yvonne zahid zahida zoe zoran zorana
`)

// twoGivenNames reports whether two words are known as two names, such as of twins, and not as spellings of one.
func twoGivenNames(a, b string) bool {
	known := func(name string) bool {
		return slices.Contains(givenNames, name) ||
			slices.ContainsFunc(sameGiven, func(line []string) bool { return slices.Contains(line, name) })
	}
	return a != b && known(a) && known(b)
}

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
