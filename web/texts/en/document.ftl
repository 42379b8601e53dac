document-receipt = Receipt
document-number = Number
document-receipt-test = TEST: no receipt, no money was moved
document-issued = Date
document-booking = Booking
document-seller = Seller
document-buyer = Buyer
document-orgno = Org. no. { $orgno }
document-orgno-vat = Org. no. { $orgno } MVA
document-service-time = Provided { $from }–{ $to }, by video
document-item = Description
document-amount = Amount
document-metered = Time together { $duration }, billed { $counted }. { $rate } per minute, { $increment ->
    [1] billed by the second
   *[other] billed per { $increment } s or part of it
 }, at most { $cap }
document-metered-free = Time together { $duration }, billed { $counted }. { $rate } per minute after { $free } s, { $increment ->
    [1] billed by the second
   *[other] billed per { $increment } s or part of it
 }, at most { $cap }
document-fixed = Time together { $duration }. Fixed price
document-fee-cancelled = Fee for late cancellation
document-fee-missed = Fee for an appointment that the customer missed
document-free = Time together { $duration }. Free
document-net = Without VAT
document-vat = VAT { $rate } %
document-no-vat = The seller is not registered for VAT.
document-total = Total
document-payment = Payment
document-method = { $brand } **** { $last4 }
document-reserved = Reserved
document-charged = Charged
document-released = Released
document-page = Receipt { $number }, page 1 of 1
