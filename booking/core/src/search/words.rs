//! What somebody means by everyday words: which of them count, which trade they point to, and how well a provider fits.

use texts::Category;

use super::fold;

/// Words of a search that are looked at; the rest is left out.
const WORDS_MAX: usize = 16;

/// From this length on a word may hold one typing mistake.
const FORGIVING_CHARS: usize = 5;

/// From this length on a word is also found as the beginning of another.
const BEGINNING_CHARS: usize = 3;

/// Endings of nouns in both languages, and what is left of them behind a common vowel.
const ENDINGS: [&str; 15] = [
    "", "a", "e", "en", "n", "ene", "ne", "er", "r", "erne", "rne", "et", "t", "s", "es",
];

/// What a word that names the thing itself weighs, whatever else is said: a dog with a fever is not a doctor's matter.
const DECISIVE: usize = 40;

/// What a provider of the trade that is meant has before all others.
const TRADE_SCORE: usize = 20;
const NAME_SCORE: usize = 6;
const WHOLE_WORD_SCORE: usize = 3;
const BEGINNING_SCORE: usize = 2;
const NEARLY_SCORE: usize = 1;

/// Words that say nothing about what is wanted, folded.
const STOP_WORDS: &str = "
    jeg meg min mitt mine mi du deg din ditt dine han hun den det de vi oss var vart vare er har hadde kan kunne skal skulle vil
    ville ma matte fa far fikk en ei et ett og eller men om i pa til fra for av med uten som at a sa ikke hva hvem hvor nar
    hvordan hvorfor trenger trenge onsker hjelp hjelpe noe noen ingen litt mye veldig her der na ogsa bare etter under over ved
    hos mot mellom gjore gjor blitt ble bli blir vaere vaert sin sitt sine seg selv da nei ja dette denne disse time timen
    fungerer virker funker vet
    me my mine you your he she it its the an and or but of in on at to from with without as is are was were be been have has had
    do does did can could will would shall should must need needs want wants help get got not no what who where when how why some
    any very much please someone there here this that does doesn t s m won don isn work working works our we us am
";

/// Beginnings of words, folded, by which a trade is meant. `=` is the whole word alone, `!` decides.
const MEANT: [(Category, &str); 10] = [
    (
        Category::Vet,
        "veterin =vets =vet =dyr dyret dyrene dyre dyrlege smadyr kjaeledyr !hund !katt !valp !kanin !hest !=ku !kua !kyr !=sau
         !sauen !sauer !saue !=lam !lammet !fugl !papegoye !undulat !marsvin !hamster !storfe flatt ormekur =klo kloen klor pels
         sjokolade halter bjeffer avliv kastrer steriliser !dog !=cat !cats !puppy !kitten !rabbit !horse !=pet !=pets !animal
         !parrot =tick =ticks limping chocolate",
    ),
    (
        Category::Electrician,
        "elektri =el strom sikring stikkontakt =lys lyset lysene lysbryter lyspare lampe =led kortslut jordfeil elbil lade
         varmekabel varmekabler =ovn panelovn termostat bryter dimmer ledning kabel downlight electri power socket outlet fuse
         breaker wiring light lamp charger =ev switch",
    ),
    (
        Category::Lawyer,
        "advokat jurist juridisk juss rettssak =rett arv testament skilsmisse skilles separasjon samlivsbrudd barnefordel
         foreldrerett samvaer kontrakt utleier husleie depositum oppsigelse oppsagt sparken arbeidsrett erstatning nabo gjeld
         inkasso stevning saksok =bot =boten forelegg trygdesak odel skifte fullmakt framtidsfullmakt lawyer attorney solicitor
         legal =law divorce custody inherit testament contract landlord tenant evict fired dismiss =sued lawsuit =fine immigration
         court neighbour neighbor debt",
    ),
    (
        Category::Psychologist,
        "psyk terapi terapeut samlivsterapi parterapi parsamtale angst depresj deprimert stress sovn sove sover utbrent sorg trist
         ensom panikk selvmord selvskad spiseforstyr =adhd traume fobi tvangstank nedstemt psych therap anxi depress burnout burned
         grief panic lonely insomnia sleep couples counsel trauma suicid",
    ),
    (
        Category::Plumber,
        "rorlegg =ror roret rorene rorhjelp vannlekk lekk vann =kran kranen kraner =vask vasken avlop tett sluk toalett =do doen dusj varmtvann
         bereder =bad badet baderom =vvs fros varmepumpe radiator kloakk plumb pipe leak =tap =taps faucet toilet drain clogged sink
         shower boiler water bathroom",
    ),
    (
        Category::Accountant,
        "regnskap rekneskap bokfor skatt =mva moms merverdi arsoppgj revisor lonn feriepenger faktura selvangiv fradrag
         enkeltpersonfor foretak firma budsjett aksjeselskap utbytte altinn bilag account bookkeep =tax taxes =vat payroll invoice
         deduct auditor freelanc sole",
    ),
    (
        Category::Doctor,
        "=lege legen leger legene legetime legevakt fastlege allmennlege videolege doktor =syk sykmeld sykemeld sykdom resept medisin
         feber hoste forkjol influensa utslett eksem allergi =vondt smerte hodepine migrene kvalm oppkast diare mage urinvei
         blaerebet hals orebet oreverk =rygg ryggen vaksine blodtrykk blodprove prevensjon doctor =gp physician prescription fever
         cough =flu rash headache pain sick nausea stomach throat infection vaccin allergy covid blood",
    ),
    (
        Category::Dentist,
        "!tann !tenn !visdomstann karies rotfyll plombe fylling kjeve !tooth !teeth dentist dental cavity gum jaw braces filling",
    ),
    (
        Category::Carpenter,
        "snekker tomrer bygg terrasse vindu =dor dora doren dorer gulv parkett =tak taket takstein vegg kjokken =rate =list gulvlist
         panel isoler tilbygg hytte trapp rekkverk mur oppuss =pusse carpent joiner builder =deck window =door doors floor roof wall
         kitchen stair =rot renovat extension",
    ),
    (
        Category::Computer,
        "data =pc pcen =mac macen laptop skriver printer wifi ruter router internett nett virus passord epost mail mobil telefon iphone
         android ipad =windows oppdater hacket svindel bankid vipps =tv tven skjerm tastatur computer slow password email phone tablet
         hacked internet screen backup sikkerhetskopi harddisk",
    ),
];

/// A search, read: the words that count and the trades that they point to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    words: Vec<String>,
    trades: Vec<Category>,
}

/// Reads a search.
#[must_use]
pub fn read_search(text: &str) -> Asked {
    let folded = fold(text);
    let all: Vec<&str> = folded
        .split(' ')
        .filter(|word| !word.is_empty())
        .take(WORDS_MAX)
        .collect();
    let telling: Vec<&str> = all.iter().copied().filter(|word| !is_stop_word(word)).collect();
    // Written alone, it is what is wanted.
    let words = if telling.is_empty() { all } else { telling };
    let mut best = 0;
    let mut trades = Vec::new();
    for (category, meant) in MEANT {
        let weight: usize = words.iter().map(|word| weight_of(word, meant)).sum();
        if weight > best {
            best = weight;
            trades.clear();
        }
        if weight == best && weight > 0 {
            trades.push(category);
        }
    }
    Asked {
        words: words.into_iter().map(str::to_owned).collect(),
        trades,
    }
}

impl Asked {
    /// Whether nothing was asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The trades that are meant, as far as the words tell.
    #[must_use]
    pub fn trades(&self) -> &[Category] {
        &self.trades
    }

    /// How well a provider fits; 0 when not at all. Name and text are folded.
    #[must_use]
    pub fn score(&self, category: Category, name: &str, text: &str) -> usize {
        let by_words: usize = self.words.iter().map(|word| word_score(word, name, text)).sum();
        if self.trades.contains(&category) {
            return TRADE_SCORE + by_words;
        }
        // Where a trade is meant, others are found by their name alone.
        if self.trades.is_empty() || self.words.iter().any(|word| has_word(name, word)) {
            by_words
        } else {
            0
        }
    }
}

fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.split_whitespace().any(|stop| stop == word)
}

/// How strongly a word points to a trade: the longest beginning that fits.
fn weight_of(word: &str, meant: &str) -> usize {
    meant
        .split_whitespace()
        .filter_map(|entry| {
            let (entry, decides) = entry.strip_prefix('!').map_or((entry, false), |rest| (rest, true));
            let (stem, whole) = entry.strip_prefix('=').map_or((entry, false), |rest| (rest, true));
            let fits = word == stem || (!whole && (word.starts_with(stem) || nearly(word, stem)));
            fits.then_some(if decides { DECISIVE } else { stem.len() })
        })
        .max()
        .unwrap_or(0)
}

fn word_score(word: &str, name: &str, text: &str) -> usize {
    if has_word(name, word) {
        return NAME_SCORE;
    }
    let best = text.split(' ').map(|own| {
        if same_word(own, word) {
            WHOLE_WORD_SCORE
        } else if word.len() >= BEGINNING_CHARS && own.starts_with(word) {
            BEGINNING_SCORE
        } else if nearly(word, own) {
            NEARLY_SCORE
        } else {
            0
        }
    });
    best.max().unwrap_or(0)
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(' ').any(|own| own == word)
}

/// Whether two words differ by their endings only: one and many, with the article and without.
fn same_word(a: &str, b: &str) -> bool {
    let common = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    common >= BEGINNING_CHARS && ENDINGS.contains(&&a[common..]) && ENDINGS.contains(&&b[common..])
}

/// Whether one insertion, deletion, replacement or swap of neighbours makes two longer words equal.
fn nearly(a: &str, b: &str) -> bool {
    a.len().min(b.len()) >= FORGIVING_CHARS && a.len().abs_diff(b.len()) <= 1 && strsim::osa_distance(a, b) <= 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_hit_whole_by_beginning_and_with_one_mistake() {
        let text = fold("Dyreklinikken Nordli kirurgi Bergen");
        let score = |search: &str| read_search(search).score(Category::Computer, "", &text);
        assert_eq!(score("kirurgi"), WHOLE_WORD_SCORE);
        assert_eq!(score("kiru"), BEGINNING_SCORE);
        assert_eq!(score("kirrgi"), NEARLY_SCORE);
        assert_eq!(score("rurgi"), 0);
        assert_eq!(score("ki"), 0, "two letters are no beginning");
    }

    #[test]
    fn plurals_and_articles_are_one_word() {
        // Trial E15.
        for (one, many) in [
            ("psykolog", "psykologer"),
            ("lege", "leger"),
            ("lege", "legen"),
            ("veterinaer", "veterinaerer"),
            ("advokat", "advokatene"),
            ("lawyer", "lawyers"),
            ("tannlege", "tannleger"),
            ("psykologer", "psykologen"),
        ] {
            assert!(same_word(one, many), "{one}, {many}");
        }
    }

    #[test]
    fn symbols_are_no_words() {
        assert_eq!(fold("vet🐶"), "vet");
        assert_eq!(fold("katt ❤ №1 ™"), "katt 1");
        assert_eq!(fold("A\u{30a}se"), "ase");
    }

    /// Trial E1: everyday searches in Norwegian and English, and the trade that is meant.
    #[test]
    fn everyday_searches_mean_the_right_trade() {
        let list = include_str!("../../tests/everyday_searches.csv");
        let mut wrong = Vec::new();
        let mut count = 0;
        for line in list.lines().filter(|line| !line.starts_with('#')) {
            let (search, trade) = line.split_once(';').expect("a search and a trade");
            count += 1;
            let asked = read_search(search);
            let trades: Vec<&str> = asked.trades().iter().map(|trade| trade.slug()).collect();
            if trades != [trade] {
                wrong.push(format!("{search}: {trades:?}, not {trade}"));
            }
        }
        assert!(count >= 100, "{count}");
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    proptest! {
        #[test]
        fn any_search_is_read(text in ".{0,80}", own in "[a-z ]{0,40}") {
            let asked = read_search(&text);
            prop_assert!(asked.words.len() <= WORDS_MAX);
            let _ = asked.score(Category::Vet, &own, &own);
        }

        #[test]
        fn nearness_is_mutual(a in "[a-e]{0,8}", b in "[a-e]{0,8}") {
            prop_assert_eq!(nearly(&a, &b), nearly(&b, &a));
        }
    }
}
