pay-choices = How do you want to pay?
pay-by-card = Card
pay-by-test-card = Test card
pay-by-invoice = Invoice
pay-invoice-text = You pay by invoice. It comes by e-mail after the appointment, and you have { $days } days to pay. Nothing is charged now.
payment-promise-invoice = After the appointment you get an invoice for what you owe, at most { $amount }.
book-and-invoice = Book and pay up to { $amount } by invoice
book-and-invoice-fixed = Book and pay { $amount } by invoice

price-invoiced = Invoiced
price-credited = Credited
price-invoice-later = Paid by invoice, which comes after the appointment.
price-invoice-open = To pay on the invoice
price-invoice-back = You get back
price-invoice-settled = Paid

document-due = Due
document-account = Account number
document-kid = KID
document-to-pay = Payment
document-to-pay-sum = To pay
document-corrects-invoice = Concerns invoice
document-credits-invoice = Credited of invoice { $number }

event-invoice = Invoice { $number } was sent
event-invoice-paid = Payment of an invoice noted
event-invoice-paid-back = Repayment of an invoice noted
event-invoice-paid-sum = { $amount } was paid on the invoice
event-invoice-paid-back-sum = { $amount } was paid back
event-invoice-reminded = Reminder { $number } was sent
look-invoices-seen = Looked at open invoices

transaction-credited = Credited
transaction-invoice-paid = Invoice paid
transaction-invoice-paid-back = Invoice amount paid back
account-bank = Paid into the account

operator-invoices = Invoices
invoices-nothing = No invoices are open. All that were sent are paid.
invoices-text = Invoices that are not settled, the oldest first. Note what comes into the account, with amount and day.
invoices-more = There are more. They show when these are settled.
invoice-open = Open
invoice-note = Note
invoice-sent = Sent
invoice-overdue = Overdue
invoice-reminded = Reminded, { $n } of 2
invoice-for-collection = For collection
invoice-to-pay-back = To be paid back
invoice-amount-of = Amount for invoice { $number }
invoice-day-of = Day for invoice { $number }
invoice-paid = Paid
invoice-paid-back = Paid back
error-day-unreadable = Choose the day on which the money came or went, no later than today.
notice-invoice-paid = The payment is noted.
notice-invoice-paid-back = The repayment is noted.

mail-kind-invoice = Invoice
mail-kind-invoice-reminder = Reminder
mail-price-invoice = You pay by invoice, which comes after the appointment: at most { $amount }.
mail-invoice-subject = Invoice { $number } from { $other }
mail-invoice-body =
    Hello { $name },

    thank you for the appointment { $title } with { $other } { $when }. Here is your invoice.

    To pay: { $amount }
    Due: { $due }
    Account number: { $account }
    KID: { $kid }

    The invoice as PDF: { $link }
mail-invoice-reminder-subject = Reminder of invoice { $number } from { $other }
mail-invoice-reminder-body =
    Hello { $name },

    we cannot see that invoice { $number } for { $title } with { $other } { $when } is paid. If you paid within the last days, please ignore this.

    { $fee_line } { $last_line }

    To pay: { $amount }
    New deadline: { $due }
    Account number: { $account }
    KID: { $kid }

    The invoice as PDF: { $link }

registry-invoice = Invoices
registry-invoice-why = What you are to pay, until when, and what is left. Kept for as long as the bookkeeping act requires.
registry-invoice-payment = Payments of invoices
registry-invoice-payment-why = What came in for your invoices. Kept for as long as the bookkeeping act requires.
registry-invoice-reminder = Reminders
registry-invoice-reminder-why = When we reminded you of an invoice, and what that cost. Kept for as long as the bookkeeping act requires.
registry-col-paid-on = Paid on
registry-col-noted = Noted
registry-col-fee = Fee

transaction-reminder-fee = Fee of a reminder
account-reminder-fees = Fees of reminders
saft-fees = Fees of reminders
mail-reminder-fee = Fee of this reminder: { $fee }, included in the amount.
mail-reminder-no-fee = This reminder costs nothing.
mail-reminder-last = If it is not paid now either, the claim may be passed on for collection.

bank-file-title = Payments from the bank
label-bank-file = Contents of the bank’s file
hint-bank-file = Download what came in from the bank as CSV, open the file as text and paste all of it here. The first line must have the headings Date, Amount and KID; the column Arkivref is used where the bank has it. Semicolons, commas or tabs part the columns.
bank-look = See what it means
bank-preview-text = Nothing is noted yet. Look it over, and note it when it is right.
bank-skipped = { $n ->
    [one] One line without money that came in was left out.
   *[other] { $n } lines without money that came in were left out.
 }
bank-unreadable = These lines cannot be read, and are not noted: { $lines }.
bank-line = Line
bank-day = Day
bank-whole = Pays what is open
bank-part = A part, { $amount } stays open
bank-more = { $amount } too much, to be paid back
bank-unknown = No invoice has this KID
bank-noted = Noted before
bank-note = { $n ->
    [one] Note one payment
   *[other] Note { $n } payments
 }
bank-other = Take another file
error-bank-file-empty = Paste the contents of the file.
error-bank-file-headings = The first line must have the headings Date, Amount and KID.

mail-credit-invoice-body =
    Hello { $name },

    your invoice is reduced by { $amount }.{ $reason } If you paid it already, you get back what is too much.

    Credit note { $number } is here:
    { $link }
