//! What ties features together: each file is one thing that people or jobs do, told from beginning to end.
//!
//! Nothing remote is awaited inside a transaction. A request to the payment provider is a row of `payment_op` first; its id
//! makes the idempotency key. What comes back is folded into the payment in a second transaction, with its ledger entries.

pub mod agenda;
mod bank;
mod business;
mod cancellation;
mod checkout;
mod collection;
mod dispute_case;
pub mod disputing;
pub mod due;
mod dunning;
pub mod extending;
mod fold;
mod handover;
mod invoicing;
mod mending;
mod months;
mod operations;
pub mod payouts;
mod provider_calls;
mod reconcile;
mod refund_mails;
mod refunding;
mod refunds;
mod sellers;
mod settlement;
mod tell_sides;
mod verification;

pub use bank::{BankMatch, MatchedLine, match_bank_file, note_bank_file};
pub use business::{BusinessInput, missing_to_publish, publish_business, save_business, sign_up_business};
pub use cancellation::{CancelGround, CancelOutcome, cancel_appointment};
pub use checkout::{
    CheckoutOutcome, CheckoutRefusal, answer_confirmation, book_free, keeps_card, leave_confirmation, pay_for_hold,
    question_of, resume_checkout,
};
pub use collection::owed_of;
pub use due::{give_back_unpaid, reserve_due};
pub use dunning::remind_of_invoices;
pub use handover::take_over_appointment;
pub use invoicing::{InvoiceMoney, InvoiceRefusal, note_invoice_paid, note_invoice_paid_back};
pub use mending::{
    Mending, MendingRefusal, answer_mending, leave_mending, mend_until, mending_fee_minor, mending_keeps_card,
    mending_of, pay_anew,
};
pub use months::close_months;
pub use operations::{follow_hints, note_hint, release_stranded, run_due_operations, run_operations};
pub use payouts::{
    Held, PayoutFile, PayoutLine, cancel_payout_file, download_payout_file, held_for, held_for_all, make_payout_file,
    mark_payout_sent, payout_files, payouts_of,
};
pub use reconcile::reconcile_payments;
pub use refunding::{
    RefundAsked, RefundRefusal, RefundRequest, RefundSide, RefundStanding, ask_of, ask_refund, decide_refund,
    load_refundable, may_decide, read_refund_reason, refund_standing,
};
pub use sellers::{SellerRefusal, follow_accounts, look_at_account, note_account_news, open_account, seller_provider};
pub use settlement::{CallFacts, Outcome, decide_outcome, finalise_call};
pub use verification::verify_address;
