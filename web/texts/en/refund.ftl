refund-link = Pay back
refund-title = Pay back
refund-sums = What was paid
refund-paid = The customer has paid
refund-back = Paid back
refund-on-its-way = On its way back
refund-waiting = Waits for another person
refund-left = Can be paid back
label-refund-amount = Amount
hint-refund-amount = For example 450 or 450.50.
label-refund-reason = Reason
hint-refund-reason = The customer can read it.
refund-alone = Up to { $amount } for the appointment in all, one person pays back alone. Above that, another one must agree first.
refund-button = Pay back
refund-nothing-paid = Nothing was charged for this appointment, so there is nothing to pay back.
refund-nothing-left = All that was paid for this appointment is paid back or on its way.
refund-approve = Approve
refund-decline = Decline
refund-own = You asked for it yourself, so somebody else must approve it.
refund-take-back = Take back
refund-asked-by = Asked for by { $name }
refund-elsewhere = Made at the payment service
refund-changed-title = Something happened meanwhile
refund-changed = The refunds of this appointment have changed since the page was opened. Nothing was sent now. Look at the figures, and send again if it is still right.
refunds-title = Refunds
refunds-when = It can take some days before the money is in the account.

event-refund-asked = { $amount } sent for refund
registry-refund-asked = Refund sent

error-reason-short = Write a little more, three characters at least.
error-amount-unreadable = Write an amount above zero, for example 450 or 450.50.
error-refund-too-much = The amount is more than what can be paid back.

notice-refund-sent = The refund was sent. Here you see where it stands.
notice-refund-waits = The amount is above the limit, so another person must approve before anything is sent. Those who can were told by e-mail.
notice-refund-declined = The refund was declined or taken back. Nothing was sent.

operator-refunds = Money that waits
operator-refunds-count = Money that waits ({ $n })
money-waits-nothing = Nothing waits. All refunds are decided, and the payment service says the same as the books.
refunds-waiting = Refunds that wait for another person
refunds-waiting-text = They are above the limit of what one decides alone. Whoever asked for the money cannot approve it.
refunds-failed = Refunds that did not arrive
refunds-failed-text = The payment service said no, or the bank sent the money back. Open the appointment and ask again, or agree with the customer on another way.
differences-title = The payment service says something else than the books
differences-text = They are compared again every hour and leave this page when both say the same.
difference-seen = last seen { $when }
difference-not-there = The payment service does not know the payment.
difference-not-there-do = See that the keys belong to the right account at the service, and ask them with the reference.
difference-status = The payment stands elsewhere at the service than here.
difference-status-do = Look it up at the service. Where it was charged or released there by hand, do the same here, or undo it there.
difference-amount = Another amount was charged or paid back.
difference-amount-do = Compare the amounts at the service. Where too much was charged, pay the difference back there: it comes into the books by itself.
difference-no-provider = The service is not set up any more, so nobody can be asked.
difference-no-provider-do = Set it up again until its last payments are over.
stuck-title = Calls without an answer
stuck-text = They are tried again by themselves. Where they stay long, look at the error and at the status page of the payment service.
col-decision = Decision
col-difference = What is wrong, and what to do
col-ours = The books
col-theirs = The service
col-tries = Tries
col-next-try = Next try

look-refunds-seen = Opened the list of money that waits
look-refund-made = Paid back
look-refund-asked = Asked for a refund
look-refund-approved = Approved a refund
look-refund-declined = Declined a refund

mail-kind-refund-waits = Refund waits
mail-kind-refund-returned = Refund came back

mail-refund-waits-subject = A refund waits for you
mail-refund-waits-body =
    Hello { $name },

    somebody asked to pay back { $amount } to a customer of { $org }. The amount is above the limit of what one decides alone, so another person must say yes or no.

    Look at it here:
    { $link }

mail-refund-returned-subject = The money from { $other } did not arrive
mail-refund-returned-body =
    Hello { $name },

    { $amount } that was paid back to you for the appointment with { $other } on { $when } was returned by the bank. The money is not lost, and the operators see what happened.

    Here you see where it stands:
    { $link }

mail-credit-reason = Reason: “{ $reason }”.

price-kept = Paid after the refund
