//! The TypeScript types of the call page are those of the Rust messages.

use std::any::TypeId;
use std::collections::{BTreeMap, HashSet};

use signaling_protocol::{ClientMessage, PROTOCOL_VERSION, ServerMessage};
use ts_rs::{TS, TypeVisitor};

const PATH: &str = "web/client/generated/protocol.ts";
const COMMAND: &str = "BOOKA_WRITE=1 cargo test -p signaling-protocol generated";

/// Collects every named type that the two messages reach.
#[derive(Default)]
struct Declarations {
    seen: HashSet<TypeId>,
    texts: BTreeMap<String, String>,
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if T::output_path().is_none() || !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        // One message a line: the file is also read by people.
        let declaration = T::decl().replace(" | { \"type\"", "\n  | { \"type\"");
        self.texts.insert(T::ident(), format!("export {declaration}\n"));
        T::visit_dependencies(self);
    }
}

fn generate() -> String {
    let mut declarations = Declarations::default();
    declarations.visit::<ClientMessage>();
    declarations.visit::<ServerMessage>();
    let mut text = format!("// Made from signaling/protocol by `{COMMAND}`. Do not edit.\n\n");
    text.push_str("/** The version of the protocol, sent in `hello`. */\n");
    text.push_str(&format!("export const PROTOCOL_VERSION = {PROTOCOL_VERSION};\n"));
    for declaration in declarations.texts.values() {
        text.push('\n');
        text.push_str(declaration);
    }
    text
}

#[test]
fn generated_types_are_current() {
    let path = crate::root().join(PATH);
    let text = generate();
    if std::env::var_os("BOOKA_WRITE").is_some() {
        std::fs::create_dir_all(path.parent().expect("the file is in a folder")).expect("folder can be made");
        std::fs::write(&path, &text).expect("file can be written");
    }
    let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(checked_in, text, "{PATH} is out of date; run: {COMMAND}");
}
