//! The sample people of three tenants, and those who are not of a tenant.

/// Somebody who can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    /// The token's `sub`, and what commands call them.
    pub id: &'static str,
    /// For people.
    pub name: &'static str,
    /// The token's `tenant_id`.
    pub tenant: &'static str,
    /// The token's `tenant_name`.
    pub tenant_name: &'static str,
    /// `agent`, `admin`, `service` or `operator`.
    pub role: &'static str,
    /// A plan of `infra/plans.json`.
    pub plan: &'static str,
}

const fn person(
    id: &'static str,
    name: &'static str,
    (tenant, tenant_name, plan): (&'static str, &'static str, &'static str),
    role: &'static str,
) -> Person {
    Person { id, name, tenant, tenant_name, role, plan }
}

const LUNA: (&str, &str, &str) = ("luna", "Luna Café", "pro");
const TALLER: (&str, &str, &str) = ("taller", "Taller Norte", "starter");
const GRANDE: (&str, &str, &str) = ("grande", "Grande Retail", "enterprise");
const BUZON: (&str, &str, &str) = ("buzon", "Buzón", "enterprise");

/// Everybody.
pub const PEOPLE: [Person; 6] = [
    person("ana", "Ana Luna", LUNA, "admin"),
    person("luis", "Luis Prado", LUNA, "agent"),
    person("marta", "Marta Norte", TALLER, "admin"),
    person("eva", "Eva Grande", GRANDE, "admin"),
    person("robot", "Integration of Luna Café", LUNA, "service"),
    person("olivia", "Olivia, who operates Buzón", BUZON, "operator"),
];

/// Finds a person by id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Person> {
    PEOPLE.iter().find(|person| person.id == id)
}
