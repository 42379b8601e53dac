dispute-title = Dispute about the appointment
dispute-open-link = Was something wrong? Open a dispute
dispute-link = Dispute: { $status }
dispute-state-opened = Waits for an answer
dispute-state-answered = Answered
dispute-state-deciding = Being decided
dispute-state-decided = Decided
dispute-state-withdrawn = Withdrawn
dispute-hold = While the dispute is open, the money of the appointment does not move: nothing more is charged, paid back or paid out.
dispute-decided-amount = It is decided: { $amount } is paid back.
dispute-decided-none = It is decided: nothing is paid back.
dispute-open-text = Tell what was wrong, as calmly and exactly as you can. The other side can read it and answer. If you agree, that is the end of it. If you do not, the operators read it beside what the server measured, and decide whether something is paid back. What the law gives you stays yours in any case.
dispute-open-until = You can open a dispute until { $until }.
dispute-not-now = A dispute can be opened when the appointment is over, and until { $until }. After that you still have the rights that the law gives.
label-dispute-open = What was wrong?
label-dispute-say = Write in the dispute
hint-dispute-read = The other side and the operators can read it.
dispute-open = Open the dispute
dispute-say = Send
dispute-thread = What was said
dispute-files = Files
dispute-source = From: { $source }
dispute-file-size = { $n } kB
label-dispute-file = File
hint-dispute-file = A picture (JPEG or PNG) or a PDF, 5 MB at most. Pictures are drawn anew, so the place where they were taken does not come along.
dispute-hand-in = Hand in
dispute-offer-is = Offer: { $amount } is paid back
dispute-offer-text = If you take it, that is the end of the dispute, and the money is sent back.
dispute-accept = Take the offer
dispute-offer-title = Offer to pay back
dispute-offer-left = At most { $amount } can be paid back.
dispute-offer = Make the offer
dispute-withdraw-title = Withdraw the dispute
dispute-withdraw-text = Then it is over without a decision, and the money is on hold no more.
dispute-withdraw = Withdraw it
dispute-changed = Something was added since the page was opened. Nothing was sent now. Read what is new, and send again if it is still right.
dispute-who-you = You
dispute-who-consumer = The customer
dispute-who-provider = The business
dispute-who-operator = The operators
dispute-entry-opened = opened the dispute
dispute-entry-answered = answered
dispute-entry-added = added
dispute-entry-offered = offered
dispute-entry-accepted = accepted
dispute-entry-withdrawn = withdrew the dispute
dispute-entry-statement = brought in a statement
dispute-entry-proposed = proposed
dispute-entry-decided = decided
dispute-entry-declined = said no to the proposal
refund-disputed = A dispute about this appointment is open. What is paid back is decided there.
refund-never-alone = In this currency another person must always agree first.

event-dispute-opened = Dispute opened
event-dispute-said = Something new in the dispute
event-dispute-offered = { $amount } offered in the dispute
event-dispute-accepted = Offer of { $amount } accepted
event-dispute-withdrawn = Dispute withdrawn
event-dispute-decided = Dispute decided: { $amount } is paid back
event-dispute-decided-none = Dispute decided: nothing is paid back
registry-dispute-offered = Offer in the dispute
registry-dispute-accepted = Offer accepted
registry-dispute-decided = Dispute decided
registry-dispute-proposed = Decision proposed
registry-dispute-declined = Proposal declined

error-dispute-body-missing = Write what you think.
error-dispute-body-short = Write a little more, ten characters at least.
error-source-missing = Write whom it comes from.
error-file-missing = Choose a file.
error-file-too-large = The file is larger than 5 MB. Choose a smaller one.
error-file-unknown-kind = The file is neither a picture (JPEG or PNG) nor a PDF.
error-file-unreadable = The picture cannot be read, or it is far too large. Save it again, or take a screenshot of it.
error-files-too-many = You have handed in as much as there is room for, ten files.

notice-dispute-opened = The dispute is open. The other side was told by e-mail.
notice-dispute-said = Sent. The other side was told by e-mail.
notice-dispute-file = The file was kept.
notice-dispute-withdrawn = The dispute is withdrawn.
notice-dispute-decided = The dispute is decided.
notice-dispute-waits = The amount is above the limit, so another person must agree before it is decided. Those who can were told by e-mail.

operator-disputes = Disputes
operator-disputes-count = Disputes ({ $n })
disputes-none = No dispute is open.
disputes-open = Open disputes
disputes-open-text = The one that has waited longest comes first.
disputes-closed = Disputes that are over
dispute-whole-record = All about the booking
dispute-age = { $n ->
    [one] Opened one day ago.
   *[other] Opened { $n } days ago.
}
dispute-decide-title = Decide
dispute-not-answered = The other side has not answered. Give it time, unless things are clear anyway.
hint-dispute-amount = For example 450 or 450.50. Write 0 where nothing is to be paid back.
hint-dispute-reason = Both sides can read it.
dispute-decide = Decide the dispute
dispute-statement-title = Bring in something from others
label-dispute-source = Whom does it come from?
hint-dispute-source = For example the name of a witness or a workshop. Both sides see it.
label-dispute-statement = Statement
dispute-statement = Bring in
dispute-waits-second = Waits for another person, among the money that waits
dispute-shown = What the customer saw
dispute-frozen = Price and rules were frozen on { $when }, when the appointment was booked.
dispute-became = What it came to
col-opened-by = Opened by
col-on-hold = On hold
col-offer = Offer
col-last-said = Last said
col-decided-amount = Paid back
col-ended = Ended

look-disputes-seen = Opened the list of disputes
look-dispute-file-seen = Opened a file of a dispute
look-dispute-statement = Brought something into a dispute
look-dispute-decided = Decided a dispute

mail-kind-dispute = News in a dispute
mail-kind-dispute-waits = Dispute waits
mail-dispute-subject = Dispute about the appointment with { $org }
mail-dispute-body =
    Hello { $name },

    { $what }

    It is about { $title } with { $org } on { $when }. { $hold }

    Read it here:
    { $link }
mail-dispute-hold = While the dispute is open, the money of the appointment does not move.
mail-dispute-hold-ends = The money of the appointment is on hold no more.
mail-dispute-opened-own = the dispute is open, and the other side was told.
mail-dispute-opened = the other side thinks that something was wrong, and has opened a dispute. Read what it says, and answer.
mail-dispute-answered-own = your answer is in the dispute.
mail-dispute-answered = the other side has answered in the dispute.
mail-dispute-added-own = what you added is in the dispute.
mail-dispute-added = there is something new in the dispute.
mail-dispute-offered-own = the offer to pay back { $amount } is made.
mail-dispute-offered = the business offers to pay back { $amount }. If the customer takes it, that is the end of the dispute.
mail-dispute-accepted-own = you took the offer, and { $amount } is paid back. The dispute is over.
mail-dispute-accepted = the customer took the offer, and { $amount } is paid back. The dispute is over.
mail-dispute-accepted-waits = the offer of { $amount } is taken. The amount is so large that another person must agree before it is sent.
mail-dispute-declined = the refund was not approved, so the dispute is still open.
mail-dispute-withdrawn-own = the dispute is withdrawn and over.
mail-dispute-withdrawn = whoever opened the dispute withdrew it, and it is over.
mail-dispute-statement = the operators brought a statement into the dispute.
mail-dispute-decided = the dispute is decided: { $amount } is paid back.
mail-dispute-decided-none = the dispute is decided: nothing is paid back.
mail-dispute-waits-subject = A new dispute at { $org }
mail-dispute-waits-body =
    Hello { $name },

    somebody opened a dispute about an appointment with { $org }. While it is open, the money does not move. If the sides do not agree, the operators decide.

    See the disputes here:
    { $link }

registry-disputes = Disputes
registry-disputes-why = Disputes that you opened, or about your appointments. They are deleted with the appointment, when the accounting time is over.
registry-dispute-entries = What you wrote in disputes
registry-dispute-entries-why = So that the other side can answer and the operators decide. Your words are deleted with the account, but not before the dispute is over.
registry-dispute-files = Files in disputes
registry-dispute-files-why = Pictures and PDFs that you handed in. They are deleted with the account, but not before the dispute is over.
registry-col-opened = Opened
registry-col-answered = Answered
registry-col-size = Size in bytes
retention-dispute-entries = What was said in disputes

mail-kind-refund-failed = Refund did not arrive
mail-refund-failed-subject = A refund did not arrive
mail-refund-failed-body =
    Hello { $name },

    { $amount } that was to be paid back to a customer of { $org } did not arrive. The money is not lost, but somebody must ask for it again, or agree with the customer on another way.

    See what waits here:
    { $link }
