mail-signature =
    Kind regards
    Booka

mail-verify-subject = Confirm your e-mail address
mail-verify-body =
    Hello { $name },

    open the link and press the button to confirm your e-mail address:
    { $link }

    The link works for 24 hours. If you have not created an account with us, you can ignore this message.

mail-reset-subject = Choose a new password
mail-reset-body =
    Hello { $name },

    choose a new password here:
    { $link }

    The link works for one hour, and once. If you did not ask for it, there is nothing you need to do.

mail-exists-subject = You already have an account
mail-exists-body =
    Hello { $name },

    somebody tried to create an account with this e-mail address, but you already have one. Sign in here:
    { $link }

    If you have forgotten the password, choose a new one on the sign-in page. If it was not you, there is nothing you need to do.

mail-operator-subject = You are invited as an operator
mail-operator-body =
    Hello,

    you are invited to help run this site. Create your operator account here, within seven days:
    { $link }

    If you did not expect this, there is nothing you need to do.

mail-new-address-subject = Confirm your new e-mail address
mail-new-address-body =
    Hello,

    somebody wants to use this address for their Booka account. If it is you, open the link, sign in and confirm:
    { $link }

    The link works for 24 hours. If it is not you, you can ignore this message.

mail-address-used-subject = Your address already has an account
mail-address-used-body =
    Hello { $name },

    somebody wanted to move another account to this e-mail address, but it already has an account. Nothing has changed. Sign in here:
    { $link }

    If it was not you, there is nothing you need to do.

mail-address-changed-subject = Your e-mail address has been changed
mail-address-changed-body =
    Hello { $name },

    your account now uses { $email }. We will not write to this address again.

    If it was not you, tell us at once. This page says whom to write to:
    { $link }

mail-password-changed-subject = Your password has been changed
mail-password-changed-body =
    Hello { $name },

    the password of your account has been changed, and all other devices are signed out.

    If it was not you, choose a new password here at once:
    { $link }

mail-deletion-subject = Your account will be deleted
mail-deletion-body =
    Hello { $name },

    you have asked us to delete your account. It will be deleted on { $when }. Receipts are kept for as long as the law requires.

    To keep the account, sign in before that and undo it here:
    { $link }

mail-inactive-subject = Do you want to keep your account?
mail-inactive-body =
    Hello { $name },

    it is a long time since you were here. If you do not sign in before { $when }, we take it that you no longer want the account. It will then be deleted ninety days later.

    To keep it, all you need to do is sign in:
    { $link }

    If it may be deleted, there is nothing you need to do.

mail-ended-subject = Your account will be deleted because it is not used
mail-ended-body =
    Hello { $name },

    you have not been here for a very long time, and we take it that you no longer want the account. It will be deleted on { $when }. Receipts are kept for as long as the law requires.

    To keep the account, sign in before that:
    { $link }

mail-booked-consumer-subject = Booked: { $title }, { $when }
mail-booked-consumer-body =
    Hello { $name },

    your appointment with { $other } is booked.

    { $title }
    { $when }

    { $price_line }
    { $terms }

    Join from here. The room opens at { $opens }:
    { $link }

    Test your camera and sound beforehand. It takes a minute.

mail-booked-provider-subject = New appointment: { $other }, { $when }
mail-booked-provider-body =
    Hello { $name },

    { $other } has booked an appointment with you.

    { $title }
    { $when }

    Here you can read what it is about, see how to reach the customer, and join. The room opens at { $opens }:
    { $link }

mail-price-paid = We have reserved { $amount } on { $card }. After the call we charge only what you owe, and release the rest.
mail-price-kept = We have kept { $card } for this appointment, and reserve { $amount } a day before. After the call we charge only what you owe.
mail-price-free = The appointment is free.

mail-cancelled-consumer-subject = Cancelled: { $title }, { $when }
mail-cancelled-consumer-body =
    Hello { $name },

    the appointment with { $other } on { $when } is cancelled. { $money_line }

    Find a new time here:
    { $link }

mail-cancelled-provider-subject = Cancelled: { $other }, { $when }
mail-cancelled-provider-body =
    Hello { $name },

    the appointment with { $other } on { $when } is cancelled, and the time is available again. { $fee_line }
    { $link }

mail-money-released = You pay nothing, and { $amount } is released.
mail-money-none = You pay nothing.
mail-money-charged = Under the terms of the appointment you pay { $charged }.
mail-money-charged-and-released = Under the terms of the appointment you pay { $charged }, and { $amount } is released.
mail-fee = The customer pays { $amount } under the terms of the appointment.
mail-fee-none = The customer pays nothing.
mail-withdrawal-right = You have the right of withdrawal, and can withdraw without paying until { $until }. The button and a form are here: { $link }
mail-withdrawal-asked = On { $when } you asked for the appointment to take place within the withdrawal period, in these words (version { $version }): “{ $words }”. Once the appointment has taken place, the right of withdrawal has ended.
mail-fee-cancelled-body =
    Hello { $name },

    you cancelled the appointment with { $other } on { $when } so late that it costs something under its terms.

    Reserved: { $reserved }
    Charged: { $charged }
    Released: { $released }

    Receipt { $number } is here:
    { $link }

mail-fee-missed-body =
    Hello { $name },

    you missed the appointment with { $other } on { $when }, which costs something under its terms.

    Reserved: { $reserved }
    Charged: { $charged }
    Released: { $released }

    Receipt { $number } is here:
    { $link }


mail-receipt-subject = Receipt { $number } from { $other }
mail-receipt-body =
    Hello { $name },

    the call with { $other } is over.

    Time together: { $duration }
    Reserved: { $reserved }
    Charged: { $charged }
    Released: { $released }

    Receipt { $number } is here:
    { $link }

mail-no-show-provider-consumer-subject = { $other } did not show up
mail-no-show-provider-consumer-body =
    Hello { $name },

    { $other } did not show up for the appointment on { $when }. { $money_line } We are sorry.

    Find a new time here:
    { $link }

mail-no-show-provider-provider-subject = You missed an appointment: { $other }, { $when }
mail-no-show-provider-provider-body =
    Hello { $name },

    nobody from your side showed up for the appointment with { $other } on { $when }. The customer pays nothing.
    { $link }

mail-no-show-consumer-consumer-subject = You missed your appointment with { $other }
mail-no-show-consumer-consumer-body =
    Hello { $name },

    we did not see you at the appointment with { $other } on { $when }. { $money_line }

    Book a new time here:
    { $link }

mail-no-show-consumer-provider-subject = { $other } did not show up, { $when }
mail-no-show-consumer-provider-body =
    Hello { $name },

    { $other } did not show up for the appointment on { $when }. { $fee_line }
    { $link }

mail-not-held-subject = The appointment is over: { $title }, { $when }
mail-not-held-body =
    Hello { $name },

    you and { $other } did not talk during the appointment on { $when }. { $money_line }

    Find a new time here:
    { $link }

mail-payment-failed-subject = The payment did not go through
mail-payment-failed-body =
    Hello { $name },

    we could not charge { $amount } to { $card } for the appointment with { $other } on { $when }. We have tried several times.

    Pay again here, with another card if you like:
    { $link }

mail-pay-anew-subject = Pay again by { $until }
mail-pay-anew-body =
    Hello { $name },

    we could not reserve { $amount } on { $card } for the appointment with { $other } on { $when }.

    Pay again by { $until }, with another card if you like. Otherwise we give the time away. { $unpaid_line }
    { $link }

mail-unpaid-consumer-subject = The appointment is called off: { $title }, { $when }
mail-unpaid-consumer-body =
    Hello { $name },

    the appointment with { $other } on { $when } was not paid for, and we have given the time away. { $unpaid_line }

    Find a new time here:
    { $link }

mail-unpaid-provider-subject = Called off: { $title }, { $when }
mail-unpaid-provider-body =
    Hello { $name },

    the appointment with { $other } on { $when } is called off, because the customer's card was declined. The time is free again. { $fee_line }

    { $link }

mail-booking-lost-subject = The booking was not completed
mail-booking-lost-body =
    Hello { $name },

    the payment for { $title } with { $other } on { $when } was not finished while we held the time. You pay nothing, and what is reserved is released.

    Find a new time here:
    { $link }

mail-booking-open-subject = The payment is not finished
mail-booking-open-body =
    Hello { $name },

    the payment for { $title } with { $other } on { $when } is not finished, and nothing was taken. We hold the time until { $until }.

    Go on here:
    { $link }

    If you do not, nothing is booked and you pay nothing.

mail-invitation-subject = { $org } invites you
mail-invitation-body =
    Hello,

    { $org } would like you to take video appointments for them on Booka. Look at the invitation, and accept or decline it, here:
    { $link }

    Nothing about you is shown until you accept. The invitation is open for 14 days. If you do not know { $org }, there is nothing you need to do.

mail-test-payment = TEST: this server uses test payment. No money moves.

mail-no-account-subject = No account with this address
mail-no-account-body =
    Hello,

    somebody asked for a new password for this e-mail address, but there is no account with it. If it was you, you may have used another address, or you can create an account here:
    { $link }

    If it was not you, there is nothing you need to do.

mail-waits-subject = { $other } is waiting for you
mail-waits-body =
    Hello { $name },

    { $other } is in the waiting room of the appointment on { $when }, and nobody from your side is there.

    Go to the call:
    { $link }

mail-taken-over-consumer-subject = A colleague will take your appointment, { $when }
mail-taken-over-consumer-body =
    Hello { $name },

    a colleague at { $other } will take your appointment on { $when } instead of the person you booked. The time and the price are the same. See who it is here:
    { $link }

mail-taken-over-provider-subject = A colleague has taken over: { $other }, { $when }
mail-taken-over-provider-body =
    Hello { $name },

    a colleague has taken over your appointment with { $other } on { $when }. There is nothing you need to do.
    { $link }

mail-takes-over-subject = You have taken over: { $other }, { $when }
mail-takes-over-body =
    Hello { $name },

    you have taken this appointment over from a colleague. It is in the calendar file attached.

    { $title }, { $other }
    { $when }

    What the customer wrote, and how to reach them, is here:
    { $link }

mail-owner-now-subject = You now own { $org }
mail-owner-now-body =
    Hello { $name },

    the owner of { $org } has deleted their account. You have worked there the longest, so the business is now yours to run. Its page is paused; look through it and publish it, or invite somebody else to take over, here:
    { $link }

mail-credit-subject = Credit note { $number } from { $other }
mail-credit-body =
    Hello { $name },

    { $amount } was paid back to { $card }.{ $reason } It may take some days until it is in your account.

    Credit note { $number } is here:
    { $link }

mail-pay-anew-free = Then you pay nothing.
mail-pay-anew-fee = Then it costs { $amount }, as by its terms for somebody who cancels late. If you do not want the appointment, you can cancel it yourself.
mail-unpaid-free = You pay nothing.
mail-unpaid-fee = By the terms of the appointment this costs { $amount }, as for somebody who cancels late.
