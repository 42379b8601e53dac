//! A server that speaks Stripe's wire and does what a test tells it: it fails after acting, hangs, and remembers what it
//! answered under a key, as Stripe does.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use booking_adapters::stripe::{Stripe, StripeSettings};
use serde_json::{Value, json};

pub(crate) const SECRET: &str = "whsec_test";

/// What goes wrong with the next request whose path ends so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It is done, and the answer is a failure, which the key brings again.
    FailsAfterActing,
    /// Nothing is done, and the answer is a failure, which the key brings again.
    Fails,
    /// It is done, and no answer comes.
    SilentAfterActing,
    /// Nothing is done, and no answer comes.
    Silent,
    /// It is done once we gave up waiting and looked: after the answer to the next request.
    Late,
    /// Another request with this key is under way, it says.
    Busy,
    /// Nothing is done, and the answer is a no, which the key brings again.
    Refuses,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) key: Option<String>,
    pub(crate) account: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) body: String,
}

#[derive(Default)]
struct World {
    intents: BTreeMap<String, Value>,
    refunds: Vec<Value>,
    accounts: BTreeMap<String, Value>,
    answers: BTreeMap<String, (u16, Value)>,
    troubles: VecDeque<(String, Trouble)>,
    late: Option<Asked>,
    asked: Vec<Asked>,
    made: u32,
}

/// The server; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct StripeServer {
    world: Arc<Mutex<World>>,
    pub(crate) origin: String,
}

impl StripeServer {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("it is bound"));
        let server = Self {
            world: Arc::default(),
            origin,
        };
        let router = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    /// The adapter, which asks here and waits so long for answers.
    pub(crate) fn adapter(&self, connect: bool, call_time_max: Duration) -> Stripe {
        let settings = StripeSettings {
            secret_key: "sk_test_1".to_owned(),
            publishable_key: "pk_test_1".to_owned(),
            webhook_secrets: vec![SECRET.to_owned()],
            api: self.origin.clone(),
            script: "https://js.stripe.com/v3/".to_owned(),
            connect,
            call_time_max,
        };
        Stripe::new(settings).expect("these settings can be used")
    }

    /// As [`Self::adapter`], with a key for real money.
    pub(crate) fn adapter_of_real_money(&self, call_time_max: Duration) -> Stripe {
        let settings = StripeSettings {
            secret_key: "sk_live_1".to_owned(),
            publishable_key: "pk_live_1".to_owned(),
            webhook_secrets: vec![SECRET.to_owned()],
            api: self.origin.clone(),
            script: "https://js.stripe.com/v3/".to_owned(),
            connect: false,
            call_time_max,
        };
        Stripe::new(settings).expect("these settings can be used")
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("nobody panics while holding it")
    }

    /// From now on all goes well.
    pub(crate) fn calm(&self) {
        self.world().troubles.clear();
    }

    /// The next request whose line ends so, or begins so where that ends in a slash, meets this.
    pub(crate) fn next(&self, path_end: &str, trouble: Trouble) {
        self.world().troubles.push_back((path_end.to_owned(), trouble));
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.world().asked.clone()
    }

    /// How often something was asked whose line ends so.
    pub(crate) fn count(&self, line_end: &str) -> usize {
        let world = self.world();
        world
            .asked
            .iter()
            .filter(|asked| asked.line.ends_with(line_end))
            .count()
    }

    /// The payments and kept cards, in the order in which they were made.
    pub(crate) fn intents(&self) -> Vec<Value> {
        let mut intents: Vec<Value> = self.world().intents.values().cloned().collect();
        intents.sort_by_key(|intent| intent["made"].as_u64());
        intents
    }

    pub(crate) fn only_intent(&self) -> Value {
        let intents = self.intents();
        assert_eq!(intents.len(), 1, "{intents:?}");
        intents[0].clone()
    }

    /// Changes a payment as somebody else does: the bank, or a person at Stripe's own pages.
    pub(crate) fn set(&self, id: &Value, changes: &Value) {
        let mut world = self.world();
        let intent = world.intents.get_mut(id.as_str().expect("an id")).expect("it exists");
        merge(intent, changes);
    }

    /// Pays back as a person does at Stripe's own pages.
    pub(crate) fn refund_by_hand(&self, amount: i64) {
        let moved = json!({"id": "re_hand", "amount": amount, "currency": "nok", "status": "succeeded", "metadata": {},
            "balance_transaction": "txn_1"});
        self.world().refunds.push(moved);
    }

    pub(crate) fn only_refund(&self) -> Value {
        let world = self.world();
        assert_eq!(world.refunds.len(), 1, "{:?}", world.refunds);
        world.refunds[0].clone()
    }

    /// Changes the only refund.
    pub(crate) fn set_refund(&self, changes: &Value) {
        let mut world = self.world();
        merge(world.refunds.first_mut().expect("a refund"), changes);
    }

    /// As when a seller has told everything.
    pub(crate) fn approve(&self, account: &str) {
        let ready = json!({"id": account, "charges_enabled": true, "details_submitted": true});
        self.world().accounts.insert(account.to_owned(), ready);
    }
}

fn merge(into: &mut Value, changes: &Value) {
    for (name, value) in changes.as_object().expect("an object") {
        into[name] = value.clone();
    }
}

async fn answer(
    State(server): State<StripeServer>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let path = uri.path().trim_start_matches("/v1/").to_owned();
    let asked = Asked {
        line: format!("{method} {path}"),
        key: header("idempotency-key"),
        account: header("stripe-account"),
        version: header("stripe-version"),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let (trouble, answer) = {
        let mut world = server.world();
        world.asked.push(asked.clone());
        let late = world.late.take();
        let taken = take_request(&mut world, &asked);
        if let Some(late) = late {
            take_request(&mut world, &late);
        }
        taken
    };
    if matches!(
        trouble,
        Some(Trouble::Silent | Trouble::SilentAfterActing | Trouble::Late)
    ) {
        std::future::pending::<()>().await;
    }
    let (status, body) = answer;
    (StatusCode::from_u16(status).expect("a status"), body.to_string()).into_response()
}

const FAILURE: (u16, &str) = (500, r#"{"error":{"type":"api_error"}}"#);

fn take_request(world: &mut World, asked: &Asked) -> (Option<Trouble>, (u16, Value)) {
    let failure = || (FAILURE.0, serde_json::from_str(FAILURE.1).expect("JSON"));
    let at = world.troubles.iter().position(|(part, _)| {
        asked.line.ends_with(part.as_str()) || (part.ends_with('/') && asked.line.starts_with(part.as_str()))
    });
    let trouble = at.and_then(|at| world.troubles.remove(at)).map(|(_, trouble)| trouble);
    if trouble == Some(Trouble::Busy) {
        return (
            trouble,
            (
                409,
                json!({"error": {"type": "idempotency_error", "code": "idempotency_key_in_use"}}),
            ),
        );
    }
    if trouble == Some(Trouble::Late) {
        world.late = Some(asked.clone());
        return (trouble, failure());
    }
    if trouble == Some(Trouble::Silent) {
        return (trouble, failure());
    }
    if let Some(before) = asked.key.as_ref().and_then(|key| world.answers.get(key)) {
        return (trouble, before.clone());
    }
    let answer = match trouble {
        Some(Trouble::Fails) => failure(),
        Some(Trouble::Refuses) => (400, json!({"error": {"type": "invalid_request_error"}})),
        Some(Trouble::FailsAfterActing) => {
            act(world, asked);
            failure()
        }
        Some(Trouble::SilentAfterActing | Trouble::Silent | Trouble::Late | Trouble::Busy) | None => act(world, asked),
    };
    if let Some(key) = &asked.key {
        world.answers.insert(key.clone(), answer.clone());
    }
    (trouble, answer)
}

fn fields(body: &str) -> BTreeMap<String, String> {
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

fn decode(text: &str) -> String {
    let spaced = text.replace('+', " ");
    let mut bytes = Vec::new();
    let mut rest = spaced.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = (first == b'%').then(|| after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok()));
        match code.flatten().and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}

fn act(world: &mut World, asked: &Asked) -> (u16, Value) {
    let missing = (
        404,
        json!({"error": {"type": "invalid_request_error", "code": "resource_missing"}}),
    );
    let fields = fields(&asked.body);
    let (method, path) = asked.line.split_once(' ').expect("a line");
    let parts: Vec<&str> = path.split('/').collect();
    match (method, parts.as_slice()) {
        ("POST", ["payment_intents"]) => make(world, "pi", &fields),
        ("POST", ["setup_intents"]) => make(world, "seti", &fields),
        ("POST", ["customers"]) => (200, json!({"id": made(world, "cus")})),
        ("POST", ["refunds"]) => refund(world, &fields),
        ("GET", ["refunds"]) => (200, json!({"data": world.refunds, "has_more": false})),
        ("POST", ["accounts"]) => {
            let id = made(world, "acct");
            let account = json!({"id": id, "charges_enabled": false, "details_submitted": false});
            world.accounts.insert(id, account.clone());
            (200, account)
        }
        ("GET", ["accounts", id]) => world
            .accounts
            .get(*id)
            .map_or(missing, |account| (200, account.clone())),
        ("POST", ["account_links"]) => (
            200,
            json!({"url": format!("https://connect.example/{}", fields["account"])}),
        ),
        ("POST", ["payment_methods", id, "detach"]) => (200, json!({"id": id})),
        ("DELETE", ["customers", id]) => {
            for intent in world.intents.values_mut().filter(|intent| intent["customer"] == **id) {
                intent["customer"] = json!({"id": id, "deleted": true});
            }
            (200, json!({"id": id, "deleted": true}))
        }
        (_, [_, id, rest @ ..]) => match world.intents.get_mut(*id) {
            Some(intent) => change(intent, rest, &fields),
            None => missing,
        },
        _ => missing,
    }
}

fn made(world: &mut World, prefix: &str) -> String {
    world.made += 1;
    format!("{prefix}_{}", world.made)
}

fn make(world: &mut World, prefix: &str, fields: &BTreeMap<String, String>) -> (u16, Value) {
    let id = made(world, prefix);
    let intent = json!({
        "id": id,
        "made": world.made,
        "status": "requires_payment_method",
        "amount": fields.get("amount").and_then(|amount| amount.parse::<i64>().ok()),
        "currency": fields.get("currency").cloned().unwrap_or_default(),
        "client_secret": format!("{id}_secret_1"),
        "customer": fields.get("customer"),
        "payment_method": fields.get("payment_method"),
        "metadata": {"payment": fields["metadata[payment]"]},
        "amount_capturable": 0,
        "amount_received": 0,
    });
    world.intents.insert(id, intent.clone());
    (200, intent)
}

fn change(intent: &mut Value, what: &[&str], fields: &BTreeMap<String, String>) -> (u16, Value) {
    let status = intent["status"].as_str().expect("a status").to_owned();
    let open = [
        "requires_payment_method",
        "requires_confirmation",
        "requires_action",
        "requires_capture",
    ];
    let not_now = (
        400,
        json!({"error": {"type": "invalid_request_error", "code": "payment_intent_unexpected_state"}}),
    );
    match what {
        [] => {}
        ["confirm"] if status == "requires_payment_method" => return confirm(intent, fields),
        ["capture"] if status == "requires_capture" => {
            let taken: i64 = fields["amount_to_capture"].parse().expect("an amount");
            if let Some(fee) = fields.get("application_fee_amount") {
                intent["application_fee_amount"] = json!(fee.parse::<i64>().expect("an amount"));
            }
            merge(
                intent,
                &json!({"status": "succeeded", "amount_received": taken, "amount_capturable": 0}),
            );
        }
        ["cancel"] if open.contains(&status.as_str()) => {
            merge(intent, &json!({"status": "canceled", "amount_capturable": 0}));
        }
        _ => return not_now,
    }
    (200, intent.clone())
}

/// Its method says what becomes of it: `pm_declined`, `pm_asks`, or any other.
fn confirm(intent: &mut Value, fields: &BTreeMap<String, String>) -> (u16, Value) {
    let method = fields["payment_method"].as_str();
    let away = fields.get("off_session").is_some();
    let code = match method {
        "pm_declined" => "card_declined",
        "pm_declined_later" if away => "card_declined",
        "pm_asks" if away => "authentication_required",
        _ => "",
    };
    if !code.is_empty() {
        let error = json!({"type": "card_error", "code": code});
        merge(intent, &json!({"last_payment_error": error, "payment_method": null}));
        return (402, json!({"error": error}));
    }
    let card = json!({"id": method, "card": {"brand": "visa", "last4": "4242"}});
    merge(intent, &json!({"payment_method": card, "last_payment_error": null}));
    if method == "pm_asks" {
        merge(
            intent,
            &json!({"status": "requires_action", "next_action": {"type": "use_stripe_sdk"}}),
        );
    } else if intent["id"].as_str().is_some_and(|id| id.starts_with("seti")) {
        merge(intent, &json!({"status": "succeeded"}));
    } else {
        let amount = intent["amount"].clone();
        merge(
            intent,
            &json!({"status": "requires_capture", "amount_capturable": amount}),
        );
    }
    (200, intent.clone())
}

fn refund(world: &mut World, fields: &BTreeMap<String, String>) -> (u16, Value) {
    let id = made(world, "re");
    let refund = json!({
        "id": id,
        "amount": fields["amount"].parse::<i64>().expect("an amount"),
        "currency": "nok",
        "status": "pending",
        "metadata": {"refund": fields["metadata[refund]"], "payment": fields["metadata[payment]"]},
    });
    world.refunds.push(refund.clone());
    (200, refund)
}
