//! The customers of an audit file, named as on their documents.

use texts::t;

use super::AuditFile;
use super::chart::BookAccount;
use super::head::{LONG, MIDDLE};
use super::writer::Xml;
use crate::base::Base;
use crate::base::db::{DbError, FromRow, Row};
use crate::books::postings::buyer_on;
use crate::{params, statements};

statements! {
    /// org, currency, from, until, after this id, limit: who was charged in the period, or owed something before it
    CUSTOMERS_OF_SELLER = "SELECT c.id, c.name,
            (SELECT d.content FROM document d JOIN appointment b ON b.id = d.appointment_id
                WHERE b.org_id = $1 AND b.consumer_id = c.id ORDER BY d.issued_us DESC, d.id DESC LIMIT 1) AS content,
            CAST(SUM(CASE WHEN t.created_us < $3 THEN e.amount_minor ELSE 0 END) AS BIGINT) AS before_minor,
            CAST(SUM(e.amount_minor) AS BIGINT) AS after_minor
        FROM ledger_tx t JOIN ledger_entry e ON e.tx_id = t.id AND e.account = 'consumer_receivable'
        LEFT JOIN payment p ON p.id = t.payment_id
        JOIN appointment a ON a.id = COALESCE(t.appointment_id, p.appointment_id) JOIN account c ON c.id = a.consumer_id
        WHERE t.org_id = $1 AND t.currency = $2 AND t.created_us < $4 AND c.id > $5
        GROUP BY c.id, c.name
        HAVING MAX(t.created_us) >= $3 OR SUM(CASE WHEN t.created_us < $3 THEN e.amount_minor ELSE 0 END) <> 0
        ORDER BY c.id LIMIT $6";
}

/// Customers that are read at a time.
const BATCH: i64 = 200;

/// Where reading goes on.
#[derive(Default)]
pub(super) struct CustomerCursor {
    after: String,
    is_open: bool,
}

struct Customer {
    id: String,
    name: String,
    before_minor: i64,
    after_minor: i64,
}

impl FromRow for Customer {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let content: Option<String> = row.get("content")?;
        Ok(Self {
            id: row.get("id")?,
            name: match buyer_on(content.as_deref()) {
                Some(name) => name,
                None => row.get("name")?,
            },
            before_minor: row.get("before_minor")?,
            after_minor: row.get("after_minor")?,
        })
    }
}

/// An id of ours without its hyphens: the schema takes 35 characters.
pub(super) fn customer_id(id: &str) -> String {
    id.replace('-', "")
}

impl AuditFile {
    /// Writes some customers; gives where to go on, or nothing after the last.
    pub(super) async fn write_customers(
        &self,
        base: &Base,
        xml: &mut Xml,
        mut cursor: CustomerCursor,
    ) -> Result<Option<CustomerCursor>, DbError> {
        let row = params![
            &self.seller.id,
            self.currency.as_str(),
            self.period.from,
            self.period.until,
            &cursor.after,
            BATCH
        ];
        let customers: Vec<Customer> = base.db.read().await?.all(CUSTOMERS_OF_SELLER, row).await?;
        if let Some(last) = customers.last() {
            cursor.after.clone_from(&last.id);
            if !cursor.is_open {
                xml.open("Customers");
                cursor.is_open = true;
            }
        }
        for customer in &customers {
            self.write_customer(xml, customer);
        }
        if i64::try_from(customers.len()).unwrap_or(i64::MAX) == BATCH {
            return Ok(Some(cursor));
        }
        if cursor.is_open {
            xml.close("Customers");
        }
        Ok(None)
    }

    fn write_customer(&self, xml: &mut Xml, customer: &Customer) {
        xml.open("Customer");
        let name = if customer.name.trim().is_empty() {
            t(self.locale, "person-gone", &[])
        } else {
            customer.name.clone()
        };
        xml.text("Name", &name, LONG);
        xml.text("CustomerID", &customer_id(&customer.id), MIDDLE);
        xml.open("BalanceAccount");
        xml.word("AccountID", BookAccount::Receivable.id());
        self.write_standing(xml, customer.before_minor, customer.after_minor);
        xml.close("BalanceAccount");
        xml.close("Customer");
    }
}
