//! A browser in which an account was signed in before has tries of its own at its password, so that strangers who guess
//! cannot lock the owner out. It shows that by a cookie: a random name and our signature over it and the account. Nothing
//! of it is stored here.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::base::actor::Requester;
use crate::base::limits::Sender;
use crate::base::{Base, DAY_US, hex};

/// How long a browser is known.
pub const DEVICE_LIFE_US: i64 = 365 * DAY_US;

fn signature(state: &Base, account_id: &str, name: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::new_from_slice(&state.config.device_secret()).expect("every length is a key");
    mac.update(account_id.as_bytes());
    mac.update(b" ");
    mac.update(name.as_bytes());
    mac
}

/// What the browser remembers in which the account has just been signed in.
pub fn remember(state: &Base, account_id: &str) -> String {
    let name = hex(&state.random.bytes::<16>());
    let tag = hex(&signature(state, account_id, &name).finalize().into_bytes()[..16]);
    format!("{name}.{tag}")
}

/// Who tries, at the account if the address has one.
pub fn sender(state: &Base, visit: &Requester, account_id: Option<&str>) -> Sender {
    let known = visit.device.split_once('.').zip(account_id);
    if let Some(((name, tag), account_id)) = known {
        let expect = hex(&signature(state, account_id, name).finalize().into_bytes()[..16]);
        if bool::from(subtle::ConstantTimeEq::ct_eq(expect.as_bytes(), tag.as_bytes())) {
            return Sender::Known(name.to_owned());
        }
    }
    Sender::Stranger {
        client: visit.ip_key(),
        network: visit.ip_prefix(),
    }
}
