document-receipt = Kvittering
document-number = Nummer
document-receipt-test = TEST: ingen kvittering, ingen penger er flyttet
document-issued = Dato
document-booking = Bestilling
document-seller = Selger
document-buyer = Kjøper
document-orgno = Org.nr. { $orgno }
document-orgno-vat = Org.nr. { $orgno } MVA
document-service-time = Utført { $from }–{ $to }, på video
document-item = Beskrivelse
document-amount = Beløp
document-metered = Tid sammen { $duration }, betalt tid { $counted }. { $rate } per minutt, { $increment ->
    [1] avregnet per sekund
   *[other] avregnet per påbegynte { $increment } s
 }, makspris { $cap }
document-metered-free = Tid sammen { $duration }, betalt tid { $counted }. { $rate } per minutt etter { $free } s, { $increment ->
    [1] avregnet per sekund
   *[other] avregnet per påbegynte { $increment } s
 }, makspris { $cap }
document-fixed = Tid sammen { $duration }. Fast pris
document-fee-cancelled = Gebyr for sen avbestilling
document-fee-missed = Gebyr for time som kunden ikke møtte til
document-free = Tid sammen { $duration }. Gratis
document-net = Uten mva.
document-vat = Mva. { $rate } %
document-no-vat = Selgeren er ikke registrert i Merverdiavgiftsregisteret.
document-total = Sum
document-payment = Betaling
document-method = { $brand } **** { $last4 }
document-reserved = Reservert
document-charged = Trukket
document-released = Frigitt
document-page = Kvittering { $number }, side 1 av 1
