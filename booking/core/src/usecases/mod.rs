//! What ties features together: each file is one thing that people or jobs do, told from beginning to end.
//!
//! Nothing remote is awaited inside a transaction. A request to the payment provider is a row of `payment_op` first; its id
//! makes the idempotency key. What comes back is folded into the payment in a second transaction, with its ledger entries.

pub mod agenda;
mod business;
mod cancellation;
mod checkout;
mod collection;
pub mod due;
mod fold;
mod handover;
mod mending;
mod operations;
mod provider_calls;
mod reconcile;
mod refunding;
mod refunds;
mod sellers;
mod settlement;
mod verification;

pub use business::{BusinessInput, may_publish_service, publish_business, save_business, sign_up_business};
pub use cancellation::{CancelGround, CancelOutcome, cancel_appointment};
pub use checkout::{
    CheckoutOutcome, CheckoutRefusal, answer_confirmation, book_free, keeps_card, leave_confirmation, pay_for_hold,
    question_of, resume_checkout,
};
pub use collection::owed_of;
pub use due::{give_back_unpaid, reserve_due};
pub use handover::take_over_appointment;
pub use mending::{
    Mending, MendingRefusal, answer_mending, leave_mending, mend_until, mending_keeps_card, mending_of, pay_anew,
};
pub use operations::{follow_hints, note_hint, release_stranded, run_due_operations, run_operations};
pub use reconcile::reconcile_payments;
pub use refunding::{
    RefundAsked, RefundRefusal, RefundRequest, RefundSide, RefundStanding, ask_of, ask_refund, decide_refund,
    load_refundable, may_decide, read_refund_reason, refund_standing,
};
pub use sellers::{SellerRefusal, follow_accounts, look_at_account, note_account_news, open_account, seller_provider};
pub use settlement::{CallFacts, Outcome, decide_outcome, finalise_call};
pub use verification::verify_address;
