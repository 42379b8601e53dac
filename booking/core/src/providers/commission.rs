//! What the operator keeps of what a business sells: dated rules for one business, for a category, or for everybody. A rule
//! holds for what is booked from its day on, and never for what was booked before.

use crate::base::commission::CommissionTerms;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::{Base, Fault, Micros, Result};
use crate::{params, statements};

statements! {
    /// id, org or null, category or nothing, whether it ends, percent in basis points, fixed part, currency, from, now
    ADD = "INSERT INTO commission_rule (id, org_id, category, ends, percent_bp, fixed_minor, currency, from_us, stated_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// org, moment: what holds then, narrowest first, and of each scope the newest first
    FOR_ORG = "SELECT r.id, r.org_id, r.category, r.ends, r.percent_bp, r.fixed_minor, r.currency, r.from_us, '' AS name
        FROM commission_rule r JOIN org o ON o.id = $1
        WHERE r.from_us <= $2 AND (r.org_id = o.id OR (r.org_id IS NULL AND r.category IN ('', o.category)))
        ORDER BY CASE WHEN r.org_id IS NOT NULL THEN 0 WHEN r.category <> '' THEN 1 ELSE 2 END, r.from_us DESC, r.stated_us DESC, r.id DESC";
    /// limit: newest first
    ALL = "SELECT r.id, r.org_id, r.category, r.ends, r.percent_bp, r.fixed_minor, r.currency, r.from_us, COALESCE(o.name, '') AS name
        FROM commission_rule r LEFT JOIN org o ON o.id = r.org_id ORDER BY r.from_us DESC, r.stated_us DESC, r.id DESC LIMIT $1";
    /// Businesses that somebody can set a rule for.
    CHOICES = "SELECT id, name FROM org ORDER BY name, id LIMIT 2000";
    /// org
    HAS_ORG = "SELECT COUNT(*) FROM org WHERE id = $1";
    /// appointment, terms
    FREEZE = "UPDATE appointment SET commission = $2 WHERE id = $1";
    /// appointment
    FROZEN = "SELECT commission FROM appointment WHERE id = $1";
}

/// For whom a rule holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    Everybody,
    /// Slug of a category.
    Category(String),
    /// Id of a business.
    Org(String),
}

/// A rule as it is on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommissionRule {
    pub id: String,
    pub scope: Scope,
    /// Name of the business where it is for one.
    pub org_name: String,
    /// None where from then on the next wider rule holds.
    pub terms: Option<CommissionTerms>,
    pub from_us: Micros,
}

impl FromRow for CommissionRule {
    fn from_row(row: &Row) -> std::result::Result<Self, sqlx::Error> {
        let (org, category): (Option<String>, String) = (row.get("org_id")?, row.get("category")?);
        let terms = CommissionTerms {
            percent_bp: row.get("percent_bp")?,
            fixed_minor: row.get("fixed_minor")?,
            currency: row.get("currency")?,
        };
        Ok(Self {
            id: row.get("id")?,
            scope: match org {
                Some(org) => Scope::Org(org),
                None if category.is_empty() => Scope::Everybody,
                None => Scope::Category(category),
            },
            org_name: row.get("name")?,
            terms: (!row.flag("ends")?).then_some(terms),
            from_us: row.get("from_us")?,
        })
    }
}

/// Adds a rule: `terms` hold from `from_us` on, or where there are none, the next wider rule does. The caller has checked
/// that an operator asks, and puts it on record.
///
/// # Errors
/// [`Fault::BadRequest`] where it began in the past; [`Fault::NotFound`] where there is no such business.
pub async fn add_rule(
    base: &Base,
    tx: &mut Tx,
    scope: &Scope,
    terms: Option<&CommissionTerms>,
    from_us: Micros,
) -> Result<String> {
    let now = base.now();
    if from_us < now {
        return Err(Fault::BadRequest("a commission holds from now on, or from a later day"));
    }
    let (org, category) = match scope {
        Scope::Everybody => (None, ""),
        Scope::Category(category) => (None, category.as_str()),
        Scope::Org(org) => (Some(org.as_str()), ""),
    };
    if let Some(org) = org
        && tx.one::<i64>(HAS_ORG, params![org]).await? == 0
    {
        return Err(Fault::NotFound);
    }
    let none = CommissionTerms::default();
    let (ends, terms) = (terms.is_none(), terms.unwrap_or(&none));
    let id = base.random.id(now);
    let row = params![
        &id,
        org,
        category,
        ends,
        terms.percent_bp,
        terms.fixed_minor,
        &terms.currency,
        from_us,
        now
    ];
    tx.execute(ADD, row).await?;
    Ok(id)
}

/// What is kept of what is booked with a business at a moment.
///
/// # Errors
/// When the database fails.
pub async fn terms_at(tx: &mut Tx, org: &str, at: Micros) -> Result<CommissionTerms, DbError> {
    let rules: Vec<CommissionRule> = tx.all(FOR_ORG, params![org, at]).await?;
    Ok(narrowest(rules))
}

/// Of each scope the first rule counts, and of those the first that has terms.
fn narrowest(rules: Vec<CommissionRule>) -> CommissionTerms {
    let mut seen: Vec<Scope> = Vec::new();
    for rule in rules {
        if seen.contains(&rule.scope) {
            continue;
        }
        match rule.terms {
            Some(terms) => return terms,
            None => seen.push(rule.scope),
        }
    }
    CommissionTerms::default()
}

/// Every rule, newest first.
///
/// # Errors
/// When the database fails.
pub async fn rules(tx: &mut Tx, at_most: i64) -> Result<Vec<CommissionRule>, DbError> {
    tx.all(ALL, params![at_most]).await
}

/// Businesses by id and name.
///
/// # Errors
/// When the database fails.
pub async fn choices(tx: &mut Tx) -> Result<Vec<(String, String)>, DbError> {
    tx.all(CHOICES, params![]).await
}

/// Freezes terms with an appointment that is booked.
///
/// # Errors
/// When the database fails.
pub async fn freeze(tx: &mut Tx, appointment: &str, terms: &CommissionTerms) -> Result<()> {
    let text = serde_json::to_string(terms).map_err(|error| Fault::internal(&error))?;
    tx.execute(FREEZE, params![appointment, text]).await?;
    Ok(())
}

/// What was agreed for an appointment.
///
/// # Errors
/// When the database fails.
pub async fn frozen(tx: &mut Tx, appointment: &str) -> Result<CommissionTerms> {
    let text: Option<String> = tx.optional(FROZEN, params![appointment]).await?;
    let text = text.ok_or(Fault::NotFound)?;
    serde_json::from_str(&text).map_err(|error| Fault::internal(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(scope: Scope, percent_bp: Option<i64>) -> CommissionRule {
        CommissionRule {
            id: String::new(),
            scope,
            org_name: String::new(),
            terms: percent_bp.map(|percent_bp| CommissionTerms {
                percent_bp,
                ..CommissionTerms::default()
            }),
            from_us: 0,
        }
    }

    #[test]
    fn the_narrowest_rule_holds_until_it_ends() {
        let org = || Scope::Org("org".to_owned());
        let vets = || Scope::Category("vet".to_owned());
        let check = |rules: Vec<CommissionRule>, expect| assert_eq!(narrowest(rules).percent_bp, expect);
        check(vec![], 0);
        check(
            vec![
                rule(org(), Some(500)),
                rule(vets(), Some(800)),
                rule(Scope::Everybody, Some(1_000)),
            ],
            500,
        );
        // The newest rule of the business ends its own, also the older one.
        check(
            vec![rule(org(), None), rule(org(), Some(500)), rule(vets(), Some(800))],
            800,
        );
        check(
            vec![
                rule(org(), None),
                rule(vets(), None),
                rule(Scope::Everybody, Some(1_000)),
            ],
            1_000,
        );
        check(vec![rule(org(), None)], 0);
    }
}
