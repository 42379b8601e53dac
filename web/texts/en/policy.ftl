# What cancelling costs, the right of withdrawal, and buying for an organisation.
cancel-free-before = { $hours ->
    [0] Free cancellation until the appointment begins.
    [one] Free cancellation until 1 hour before the appointment.
   *[other] Free cancellation until { $hours } hours before the appointment.
 }
cancel-costs-now = Cancelling now costs { $amount }.
cancel-costs-after = Cancelling after { $when } costs { $amount }.
cancel-costs-before = { $hours ->
    [one] Cancelling later than 1 hour before costs { $amount }.
   *[other] Cancelling later than { $hours } hours before costs { $amount }.
 }
cancel-last = After { $when } the appointment cannot be cancelled.
cancel-last-before = { $hours ->
    [one] In the last hour before it, the appointment cannot be cancelled.
   *[other] In the last { $hours } hours before it, the appointment cannot be cancelled.
 }
no-show-costs = Not showing up costs { $amount }.

cancelled-fee-all-text = The appointment is cancelled. Under its terms that costs { $amount }.
no-show-consumer-fee-all-text = The customer did not show up during the appointment. Under its terms that costs { $amount }.

price-fee-cancelled = Late cancellation
price-fee-missed = Customer did not show up
price-not-paid = Not paid

withdraw-link = Use the right of withdrawal
withdraw-title = Withdraw from the order
withdraw-free = You have the right of withdrawal until { $until }, as long as the appointment has not taken place. Withdrawing now costs nothing. The appointment is then cancelled.
withdraw-part = You have the right of withdrawal until the call has taken place. If you withdraw now, the call ends, and you pay only for the part that has taken place.
withdraw-missed = The appointment did not take place, so you have the right of withdrawal until { $until }. If you use it, the fee is dropped, and what was taken is paid back.
withdraw-instead = You have the right of withdrawal until { $until }, as long as the appointment has not taken place. Using it costs nothing.
withdraw-button = Withdraw free of charge
withdraw-refund-reason = The customer used the right of withdrawal.
withdraw-button-missed = Withdraw from the order
withdraw-button-part = Withdraw now
withdraw-form-title = Withdrawal form
withdraw-form-text = The button is enough. If you would rather tell the seller in another way, such as by e-mail, you can use this text:
withdraw-form-to = To { $name }
withdraw-form-email = E-mail: { $email }
withdraw-form-notice = I hereby give notice that I withdraw from my contract for the provision of the following service: { $title }, { $when } (booking { $reference }).
withdraw-form-ordered = Ordered on { $when }.
withdraw-form-buyer = Name of the consumer: { $name }
withdraw-form-address = Address of the consumer: { $address }
withdraw-form-date = Date: { $day }
notice-withdrawn = You have withdrawn from the order.

buyer-title = Are you booking for an organisation?
buyer-text = Then the organisation is the buyer on the receipt. Leave the fields empty if you are booking for yourself.
label-buyer-name = Name of the organisation
label-buyer-number = Norwegian organisation number
hint-buyer-number = Nine digits
buyer-booked-for = Booked for { $name }, org. no. { $number }
error-buyer-name-missing = Enter the name of the organisation, or remove its number.
error-buyer-number-missing = Enter the organisation number, or remove the name of the organisation.

service-cancel = Cancellation
policy-free = Free until the appointment begins
policy-day = Free until 24 hours before. Then half the price, and the full price for who does not show up
policy-strict = Free until 48 hours before. Then half the price, and the full price from 24 hours before and for who does not show up
policy-own = Your own rules
policy-note = Customers see the amounts before they book, and what applies then applies to the appointment. If you cancel or do not show up, the customer pays nothing. The right of withdrawal comes first.
policy-note-metered = Percentages are of the most that the appointment can cost.
label-policy-free-h = Free until so many hours before
label-policy-percent = Then, per cent of the price
label-policy-full-h = Full price from so many hours before
label-policy-no-show = Who does not show up, per cent of the price
label-policy-notice-h = Cannot be cancelled in the last hours before the start
error-policy-missing = Choose one of the rules.
error-policy-percent = Enter a whole number from 0 to 100.
error-policy-full-h = The full price must begin later than the free time ends: enter fewer hours.
error-policy-no-show = Who does not show up must pay at least as much as who cancels.

let-downs = { $cancelled ->
    [0] { $missed ->
        [one] Did not show up once in the last year
       *[other] Did not show up { $missed } times in the last year
    }
    [one] { $missed ->
        [0] Cancelled 1 appointment in the last year
        [one] Cancelled 1 appointment and did not show up once in the last year
       *[other] Cancelled 1 appointment and did not show up { $missed } times in the last year
    }
   *[other] { $missed ->
        [0] Cancelled { $cancelled } appointments in the last year
        [one] Cancelled { $cancelled } appointments and did not show up once in the last year
       *[other] Cancelled { $cancelled } appointments and did not show up { $missed } times in the last year
    }
 }
deletion-fees = Under their terms, cancelling your coming appointments now costs { $amount }. It is charged to the card they were booked with.
deletion-fees-changed = Cancelling your appointments costs more than when you opened the page. Nothing is deleted.
