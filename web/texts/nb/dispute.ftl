dispute-title = Sak om timen
dispute-open-link = Noe var galt? Åpne en sak
dispute-link = Sak om timen: { $status }
dispute-state-opened = Venter på svar
dispute-state-answered = Besvart
dispute-state-deciding = Under avgjørelse
dispute-state-decided = Avgjort
dispute-state-withdrawn = Trukket
dispute-hold = Så lenge saken er åpen, står pengene for timen stille: ingenting mer trekkes, betales tilbake eller utbetales.
dispute-decided-amount = Saken er avgjort: { $amount } betales tilbake.
dispute-decided-none = Saken er avgjort: ingenting betales tilbake.
dispute-open-text = Fortell hva som var galt, så rolig og nøyaktig du kan. Den andre siden får lese det og svare. Blir dere enige, er saken ferdig. Blir dere ikke det, leser driften saken sammen med det serveren har målt, og avgjør om noe skal betales tilbake. Rettene du har etter loven, er de samme uansett.
dispute-open-until = Du kan åpne en sak til { $until }.
dispute-not-now = En sak kan åpnes når timen er over, og til { $until }. Er noe galt senere, har du fortsatt de rettene loven gir.
label-dispute-open = Hva var galt?
label-dispute-say = Skriv i saken
hint-dispute-read = Den andre siden og driften kan lese det.
dispute-open = Åpne saken
dispute-say = Send
dispute-thread = Hva som er sagt
dispute-files = Vedlegg
dispute-source = Fra: { $source }
dispute-file-size = { $n } kB
label-dispute-file = Vedlegg
hint-dispute-file = Bilde (JPEG eller PNG) eller PDF, høyst 5 MB. Bilder tegnes på nytt, så stedet de er tatt, følger ikke med.
dispute-hand-in = Legg ved
dispute-offer-is = Tilbud: { $amount } betales tilbake
dispute-offer-text = Tar du imot, er saken ferdig, og pengene sendes tilbake.
dispute-accept = Ta imot tilbudet
dispute-offer-title = Tilby å betale tilbake
dispute-offer-left = Høyst { $amount } kan betales tilbake.
dispute-offer = Gi tilbudet
dispute-withdraw-title = Trekk saken
dispute-withdraw-text = Da er saken ferdig uten avgjørelse, og pengene står ikke stille lenger.
dispute-withdraw = Trekk saken
dispute-changed = Noe er kommet til i saken etter at siden ble åpnet. Ingenting er sendt nå. Les det nye, og send på nytt om det fortsatt er riktig.
dispute-who-you = Du
dispute-who-consumer = Kunden
dispute-who-provider = Bedriften
dispute-who-operator = Driften
dispute-entry-opened = åpnet saken
dispute-entry-answered = svarte
dispute-entry-added = la til
dispute-entry-offered = tilbød
dispute-entry-accepted = tok imot
dispute-entry-withdrawn = trakk saken
dispute-entry-statement = la fram en uttalelse
dispute-entry-proposed = foreslo
dispute-entry-decided = avgjorde
dispute-entry-declined = sa nei til forslaget
refund-disputed = Det er en åpen sak om denne timen. Hva som betales tilbake, avgjøres der.
refund-never-alone = I denne valutaen må alltid en til si ja først.

event-dispute-opened = Sak åpnet
event-dispute-said = Noe nytt i saken
event-dispute-offered = { $amount } tilbudt i saken
event-dispute-accepted = Tilbud på { $amount } tatt imot
event-dispute-withdrawn = Sak trukket
event-dispute-decided = Sak avgjort: { $amount } betales tilbake
event-dispute-decided-none = Sak avgjort: ingenting betales tilbake
registry-dispute-offered = Tilbud i saken
registry-dispute-accepted = Tilbud tatt imot
registry-dispute-decided = Sak avgjort
registry-dispute-proposed = Avgjørelse foreslått
registry-dispute-declined = Forslag avslått

error-dispute-body-missing = Skriv hva du mener.
error-dispute-body-short = Skriv litt mer, minst ti tegn.
error-source-missing = Skriv hvem det kommer fra.
error-file-missing = Velg en fil.
error-file-too-large = Filen er større enn 5 MB. Velg en mindre.
error-file-unknown-kind = Filen er verken et bilde (JPEG eller PNG) eller en PDF.
error-file-unreadable = Bildet kan ikke leses, eller det er altfor stort. Lagre det på nytt, eller ta et skjermbilde av det.
error-files-too-many = Du har lagt ved så mye som går, ti filer.

notice-dispute-opened = Saken er åpnet. Den andre siden har fått beskjed på e-post.
notice-dispute-said = Sendt. Den andre siden har fått beskjed på e-post.
notice-dispute-file = Vedlegget er lagret.
notice-dispute-withdrawn = Saken er trukket.
notice-dispute-decided = Saken er avgjort.
notice-dispute-waits = Beløpet er over grensen, så en til må si ja før saken er avgjort. De som kan, har fått e-post.

operator-disputes = Saker
operator-disputes-count = Saker ({ $n })
disputes-none = Ingen saker er åpne.
disputes-open = Åpne saker
disputes-open-text = Den som har ventet lengst, står først.
disputes-closed = Avsluttede saker
dispute-whole-record = Alt om bestillingen
dispute-age = { $n ->
    [one] Åpnet for én dag siden.
   *[other] Åpnet for { $n } dager siden.
}
dispute-decide-title = Avgjør
dispute-not-answered = Den andre siden har ikke svart. Gi den tid, om ikke saken er klar uansett.
hint-dispute-amount = I kroner, for eksempel 450 eller 450,50. Skriv 0 om ingenting skal betales tilbake.
hint-dispute-reason = Begge sider får lese den.
dispute-decide = Avgjør saken
dispute-statement-title = Legg fram noe fra andre
label-dispute-source = Hvem kommer det fra?
hint-dispute-source = For eksempel navnet på et vitne eller et verksted. Begge sider ser det.
label-dispute-statement = Uttalelse
dispute-statement = Legg fram
dispute-waits-second = Venter på en til, blant pengene som venter
dispute-shown = Det kunden så
dispute-frozen = Pris og regler ble låst { $when }, da timen ble bestilt.
dispute-became = Det det ble
col-opened-by = Åpnet av
col-on-hold = Står stille
col-offer = Tilbud
col-last-said = Sist sagt
col-decided-amount = Betales tilbake
col-ended = Ferdig

look-disputes-seen = Åpnet listen over saker
look-dispute-file-seen = Åpnet et vedlegg i en sak
look-dispute-statement = La fram noe i en sak
look-dispute-decided = Avgjorde en sak

mail-kind-dispute = Nytt i en sak
mail-kind-dispute-waits = Sak venter
mail-dispute-subject = Sak om timen hos { $org }
mail-dispute-body =
    Hei { $name },

    { $what }

    Det gjelder { $title } hos { $org } { $when }. { $hold }

    Les saken her:
    { $link }
mail-dispute-hold = Så lenge saken er åpen, står pengene for timen stille.
mail-dispute-hold-ends = Pengene for timen står ikke stille lenger.
mail-dispute-opened-own = saken er åpnet, og den andre siden har fått beskjed.
mail-dispute-opened = den andre siden mener at noe var galt, og har åpnet en sak. Les hva som står der, og svar.
mail-dispute-answered-own = svaret ditt er kommet inn i saken.
mail-dispute-answered = den andre siden har svart i saken.
mail-dispute-added-own = det du la til, er kommet inn i saken.
mail-dispute-added = det er kommet noe nytt i saken.
mail-dispute-offered-own = tilbudet om å betale tilbake { $amount } er gitt.
mail-dispute-offered = bedriften tilbyr å betale tilbake { $amount }. Tar kunden imot, er saken ferdig.
mail-dispute-accepted-own = du har tatt imot tilbudet, og { $amount } betales tilbake. Saken er ferdig.
mail-dispute-accepted = kunden har tatt imot tilbudet, og { $amount } betales tilbake. Saken er ferdig.
mail-dispute-accepted-waits = tilbudet på { $amount } er tatt imot. Beløpet er så stort at en til må si ja før det sendes.
mail-dispute-declined = tilbakebetalingen ble ikke godkjent, så saken er fortsatt åpen.
mail-dispute-withdrawn-own = saken er trukket og ferdig.
mail-dispute-withdrawn = saken er trukket av den som åpnet den, og ferdig.
mail-dispute-statement = driften har lagt fram en uttalelse i saken.
mail-dispute-decided = saken er avgjort: { $amount } betales tilbake.
mail-dispute-decided-none = saken er avgjort: ingenting betales tilbake.
mail-dispute-waits-subject = En ny sak hos { $org }
mail-dispute-waits-body =
    Hei { $name },

    noen har åpnet en sak om en time hos { $org }. Så lenge den er åpen, står pengene stille. Blir ikke sidene enige, er det driften som avgjør.

    Se sakene her:
    { $link }

registry-disputes = Saker
registry-disputes-why = Saker du har åpnet, eller som gjelder timene dine. De slettes sammen med timen, når regnskapstiden er over.
registry-dispute-entries = Det du har skrevet i saker
registry-dispute-entries-why = For at den andre siden kan svare og driften avgjøre. Ordene dine slettes med kontoen, men først når saken er avgjort.
registry-dispute-files = Vedlegg i saker
registry-dispute-files-why = Bilder og PDF-er du har lagt ved. De slettes med kontoen, men først når saken er avgjort.
registry-col-opened = Åpnet
registry-col-answered = Besvart
registry-col-size = Størrelse i byte
retention-dispute-entries = Det som er sagt i saker

mail-kind-refund-failed = Tilbakebetaling kom ikke fram
mail-refund-failed-subject = En tilbakebetaling kom ikke fram
mail-refund-failed-body =
    Hei { $name },

    { $amount } som skulle betales tilbake til en kunde av { $org }, kom ikke fram. Pengene er ikke borte, men noen må be om dem på nytt eller avtale en annen vei med kunden.

    Se hva som venter her:
    { $link }
