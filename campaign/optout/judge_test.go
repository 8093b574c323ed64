package optout

import (
	"slices"
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	r := NewRules(Keywords())
	for text, want := range map[string]Action{
		"STOP": Stop, "stop": Stop, " Stop. ": Stop, "«STOP»": Stop, "STOP!!! 😡": Stop, "s\u200btop": Stop, "ＳＴＯＰ": Stop, "stóp": Stop,
		"unsubscribe": Stop, "Opt-Out": Stop, "opt out": Stop, "OPTOUT": Stop, "END": Stop, "quit": Stop, "Cancel": Stop, "revoke": Stop,
		"REMOVE": Stop, "td": Stop, "ARRÊT": Stop, "arrete": Stop, "BAJA": Stop, "sair": Stop, "Stopp": Stop, "إيقاف": Stop, "退订": Stop,
		"İPTAL": Stop, "iptal": Stop, "STOP ALL": StopAll, "stop-all": StopAll, "stopall": StopAll,
		"please stop": Stop, "stop it!!": Stop, "pls stop": Stop, "Stop please.": Stop, "STOP STOP": Stop, "opt out please": Stop,
		"please stop all": StopAll, "please revoke my consent": Stop,
		"don't stop": Review, "dont stop this": Review, "never stop": Review, "do not stop": Review,
		"please cancel": Review, "I need to cancel my order": Review, "the end": Review, "Please take me off and stop texting me": Review,
		"When does the promotion end?": Review, "我要退订": Review,
		"START": Start, "unstop": Start, "Start!": Start, "start again": None, "YES": None, "yes": None,
		"HELP": Help, "help?": Help, "info": Help, "Contact": Help, "help me": None,
		"": None, "   ": None, "!!!": None, "see you at the weekend": None, "attend": None, "I will send it": None, "nonstop": None,
		"stopped": None, "alto is my voice": None, "basta": Stop, "la pasta e basta": None, "thanks": None, "12": None,
	} {
		if got := r.Judge(text, ""); got.Action != want {
			t.Errorf("%q is %s (%s by %s), want %s", text, got.Action, got.Word, got.Rule, want)
		} else if (got.Action == None) != (got.Rule == "") || (got.Rule == "") != (got.Word == "") {
			t.Errorf("%q: %+v does not say why", text, got)
		}
	}
}

func TestTheBestAuthorityIsNamed(t *testing.T) {
	if v := NewRules(Keywords()).Judge("Stop", ""); v.Authority != "FCC" || v.Certainty != "A" {
		t.Errorf("%+v", v)
	}
}

// A carrier that has blocked a number by a word of its own is believed; its idea of a START is not.
func TestCarrierSays(t *testing.T) {
	r := NewRules(Keywords())
	for _, c := range []struct {
		text, said string
		want       Action
		rule       string
	}{
		{"NO MORE", "stop", Stop, RuleCarrier}, {"cancel my order", "stop", Stop, RuleCarrier}, {"STOP ALL", "stop", StopAll, RuleWhole},
		{"STOP", "stop", Stop, RuleWhole}, {"YES", "start", None, ""}, {"START", "start", Start, RuleWhole}, {"STOP", "start", Stop, RuleWhole},
	} {
		if v := r.Judge(c.text, c.said); v.Action != c.want || v.Rule != c.rule {
			t.Errorf("%q said to be %s: %+v", c.text, c.said, v)
		}
	}
}

// Every word of the shipped list means, as a whole message, at least what its row says.
func TestEveryKeywordCounts(t *testing.T) {
	list := Keywords()
	r := NewRules(list)
	for _, k := range list {
		if k.Action == denial {
			continue
		}
		for _, text := range []string{k.Word, strings.ToLower(k.Word), strings.ToUpper(k.Word), " " + k.Word + ".\n", "\"" + k.Word + "\""} {
			if v := r.Judge(text, ""); v.Action != k.Action {
				t.Errorf("%q of %s is %s, want %s", text, k.Authority, v.Action, k.Action)
			}
		}
		if k.Source == "" || !slices.Contains([]string{"A", "B", "C"}, k.Certainty) || k.Language == "" {
			t.Errorf("%+v has no source, certainty or language", k)
		}
		if k.Authority == "none" && k.Certainty != "C" {
			t.Errorf("%s: without an authority it is convention", k.Word)
		}
	}
}

func TestReadKeywords(t *testing.T) {
	const head = keywordColumns + "\n"
	for tsv, want := range map[string]string{
		"": "no word means stop", "x\ty\n": "line 1: the columns are not", head + "stop\tSTOP\n": "line 2: 2 columns",
		head + "halt\tSTOP\tstrong\ten\ta\tb\tA\n":  `line 2: action "halt"`,
		head + "stop\tSTOP\tiron\ten\ta\tb\tA\n":    `line 2: strength "iron"`,
		head + "stop\t!!\tstrong\ten\ta\tb\tA\n":    "neither letter nor digit",
		head + "start\tGO\tstrong\ten\ta\tb\tA\n":   "start counts as a whole message only",
		head + "# all\nhelp\tH\twhole\ten\ta\tb\tA": "no word means stop",
	} {
		if _, err := ReadKeywords(tsv); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", tsv, err, want)
		}
	}
	own, err := ReadKeywords(strings.ReplaceAll(head+"# ours\nstop\tGENUG\tstrong\tde\tus\tour terms\tC\nstart\tYES\twhole\ten\tus\tour terms\tC\n", "\n", "\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	r := NewRules(own)
	if r.Judge("genug!", "").Action != Stop || r.Judge("yes", "").Action != Start || r.Judge("STOP", "").Action != None {
		t.Error("a list of one's own does not count")
	}
}

func FuzzJudge(f *testing.F) {
	for _, s := range []string{"STOP", "stop please", "don’t stop", "我要退订", "\xff\xfe", "İ", "ﷺ stop", strings.Repeat("stop ", 2000), "opt-out"} {
		f.Add(s, "")
	}
	f.Add("x", "stop")
	r := NewRules(Keywords())
	f.Fuzz(func(t *testing.T, text, said string) {
		v := r.Judge(text, said)
		if order(v.Action) == 4 || v.Action == "" {
			t.Fatalf("%q is %q", text, v.Action)
		}
		if (v.Action == None) != (v.Rule == "") {
			t.Errorf("%q: %+v", text, v)
		}
		if len(text) < 1000 {
			plain := strings.Join(words(text), " ")
			if again := r.Judge(plain, said); again != v {
				t.Errorf("%q is %+v, its plain form %q is %+v", text, v, plain, again)
			}
			if dressed := r.Judge("  ("+text+")!\u200b", said); dressed != v {
				t.Errorf("%q is %+v, in brackets %+v", text, v, dressed)
			}
		}
	})
}
