pay-choices = Hvordan vil du betale?
pay-by-card = Kort
pay-by-test-card = Testkort
pay-by-invoice = Faktura
pay-invoice-text = Du betaler mot faktura. Den kommer på e-post etter timen, og du får { $days } dager på deg. Ingenting trekkes nå.
payment-promise-invoice = Du får faktura etter timen for det du skylder, høyst { $amount }.
book-and-invoice = Bestill og betal inntil { $amount } mot faktura
book-and-invoice-fixed = Bestill og betal { $amount } mot faktura

price-invoiced = Fakturert
price-credited = Kreditert
price-invoice-later = Betales mot faktura, som kommer etter timen.
price-invoice-open = Å betale på fakturaen
price-invoice-back = Du får tilbake
price-invoice-settled = Betalt

document-due = Forfall
document-account = Kontonummer
document-kid = KID
document-to-pay = Betaling
document-to-pay-sum = Å betale
document-corrects-invoice = Gjelder faktura
document-credits-invoice = Kreditert av faktura { $number }

event-invoice = Faktura { $number } er sendt
event-invoice-paid = Betaling av faktura notert
event-invoice-paid-back = Tilbakebetaling av faktura notert
event-invoice-paid-sum = { $amount } er betalt på fakturaen
event-invoice-paid-back-sum = { $amount } er betalt tilbake
event-invoice-reminded = Purring { $number } er sendt
look-invoices-seen = Så på åpne fakturaer

transaction-credited = Kreditert
transaction-invoice-paid = Faktura betalt
transaction-invoice-paid-back = Fakturabeløp betalt tilbake
account-bank = Betalt til konto

operator-invoices = Fakturaer
invoices-nothing = Ingen fakturaer er åpne. Alt som er sendt, er betalt.
invoices-text = Her står fakturaer som ikke er gjort opp, de eldste først. Noter det som kommer inn på kontoen, med beløp og dag.
invoices-more = Det er flere. De vises når disse er gjort opp.
invoice-open = Åpent
invoice-note = Noter
invoice-sent = Sendt
invoice-overdue = Forfalt
invoice-reminded = Purret, { $n } av 2
invoice-for-collection = Til inkasso
invoice-to-pay-back = Skal betales tilbake
invoice-amount-of = Beløp for faktura { $number }
invoice-day-of = Dag for faktura { $number }
invoice-paid = Betalt
invoice-paid-back = Betalt tilbake
error-day-unreadable = Velg dagen pengene kom eller gikk, ikke senere enn i dag.
notice-invoice-paid = Betalingen er notert.
notice-invoice-paid-back = Tilbakebetalingen er notert.

mail-kind-invoice = Faktura
mail-kind-invoice-reminder = Purring
mail-price-invoice = Du betaler mot faktura, som kommer etter timen: høyst { $amount }.
mail-invoice-subject = Faktura { $number } fra { $other }
mail-invoice-body =
    Hei { $name },

    takk for timen { $title } hos { $other } { $when }. Her er fakturaen din.

    Å betale: { $amount }
    Forfall: { $due }
    Kontonummer: { $account }
    KID: { $kid }

    Fakturaen som PDF: { $link }
mail-invoice-reminder-subject = Påminnelse om faktura { $number } fra { $other }
mail-invoice-reminder-body =
    Hei { $name },

    vi kan ikke se at faktura { $number } for { $title } hos { $other } { $when } er betalt. Har du betalt de siste dagene, kan du se bort fra dette.

    { $fee_line } { $last_line }

    Å betale: { $amount }
    Ny frist: { $due }
    Kontonummer: { $account }
    KID: { $kid }

    Fakturaen som PDF: { $link }

registry-invoice = Fakturaer
registry-invoice-why = Hva du skal betale, til når, og hva som gjenstår. Oppbevares så lenge bokføringsloven krever det.
registry-invoice-payment = Betalinger av fakturaer
registry-invoice-payment-why = Hva som har kommet inn på fakturaene dine. Oppbevares så lenge bokføringsloven krever det.
registry-invoice-reminder = Purringer
registry-invoice-reminder-why = Når vi minnet deg om en faktura, og hva det kostet. Oppbevares så lenge bokføringsloven krever det.
registry-col-paid-on = Betalt dag
registry-col-noted = Notert
registry-col-fee = Gebyr

transaction-reminder-fee = Purregebyr
account-reminder-fees = Purregebyr
saft-fees = Purregebyr
mail-reminder-fee = Purregebyr: { $fee }, som er med i beløpet.
mail-reminder-no-fee = Denne påminnelsen koster ikke noe.
mail-reminder-last = Blir den heller ikke betalt nå, kan kravet gå videre til inkasso.

bank-file-title = Innbetalinger fra banken
label-bank-file = Innholdet i bankens fil
hint-bank-file = Last ned innbetalingene fra banken som CSV, åpne filen som tekst og lim inn alt her. Første linje må ha overskriftene Dato, Beløp og KID; Arkivref er med hvis banken har den. Semikolon, komma eller tabulator skiller kolonnene.
bank-look = Se hva den betyr
bank-preview-text = Ingenting er notert ennå. Se over, og noter når det stemmer.
bank-skipped = { $n ->
    [one] Én linje uten innbetaling er hoppet over.
   *[other] { $n } linjer uten innbetaling er hoppet over.
 }
bank-unreadable = Disse linjene kan ikke leses, og blir ikke notert: { $lines }.
bank-line = Linje
bank-day = Dag
bank-whole = Betaler det som er åpent
bank-part = Delbetaling, { $amount } gjenstår
bank-more = { $amount } for mye, som skal tilbake
bank-unknown = Ingen faktura har denne KID-en
bank-noted = Notert før
bank-note = { $n ->
    [one] Noter én innbetaling
   *[other] Noter { $n } innbetalinger
 }
bank-other = Ta en annen fil
error-bank-file-empty = Lim inn innholdet av filen.
error-bank-file-headings = Første linje må ha overskriftene Dato, Beløp og KID.

mail-credit-invoice-body =
    Hei { $name },

    fakturaen din er satt ned med { $amount }.{ $reason } Har du betalt den alt, får du igjen det som er for mye.

    Kreditnota { $number } ligger her:
    { $link }
