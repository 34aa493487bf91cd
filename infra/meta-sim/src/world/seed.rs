//! The sample world: one person for each way a connection can go, and a handful of contacts.

use super::{
    World,
    people::{Account, AccountKind, Business, Contact, Page, PageRole, Person, Reach},
};
use crate::ids;

const ALL_TASKS: &[&str] = &["ANALYZE", "ADVERTISE", "MESSAGING", "MODERATE", "CREATE_CONTENT", "MANAGE"];
const NO_MESSAGING: &[&str] = &["ANALYZE", "ADVERTISE"];

pub(super) fn world() -> World {
    let mut seed = Seed::default();
    seed.one_account_each();
    seed.several_pages();
    seed.many_pages();
    seed.hidden_pages();
    seed.person("noah.weiss", "Noah Weiss", "No account and no Page", &[], &[]);
    seed.one_without_the_other();
    seed.contacts();
    seed.world
}

#[derive(Default)]
struct Seed {
    world: World,
}

impl Seed {
    fn one_account_each(&mut self) {
        let luna = self.account("luna.cafe", "Luna Café", AccountKind::Business, 4_812);
        let page = self.page("Luna Café", Some(&luna));
        self.person(
            "lucia.navarro",
            "Lucía Navarro",
            "One business account, on one Page",
            &[luna],
            &[role(&page, ALL_TASKS, Reach::Listed)],
        );
        let mara = self.account("mara.paints", "Mara Lindqvist", AccountKind::Creator, 23_407);
        let page = self.page("Mara Paints", Some(&mara));
        self.person(
            "mara.lindqvist",
            "Mara Lindqvist",
            "One creator account, on one Page",
            &[mara],
            &[role(&page, ALL_TASKS, Reach::Listed)],
        );
        let theo = self.account("theo.brandt", "Theo Brandt", AccountKind::Personal, 312);
        self.person("theo", "Theo Brandt", "Only a personal account", &[theo], &[]);
    }

    fn one_without_the_other(&mut self) {
        let page = self.page("Novák Bakery", None);
        let roles = [role(&page, ALL_TASKS, Reach::Listed)];
        self.person("petra.novak", "Petra Nováková", "One Page, without an Instagram account", &[], &roles);
        let ceramics = self.account("haddad.ceramics", "Haddad Ceramics", AccountKind::Business, 1_260);
        self.person("noor.haddad", "Noor Haddad", "One business account, without a Page", &[ceramics], &[]);
    }

    fn several_pages(&mut self) {
        let atelier = self.account("atelier.okafor", "Atelier Okafor", AccountKind::Business, 9_120);
        let studio = self.account("okafor.studio", "Okafor Studio", AccountKind::Business, 2_045);
        let vintage = self.account("vintage.by.amara", "Vintage by Amara", AccountKind::Creator, 15_730);
        let outlet = self.account("okafor.outlet", "Okafor Outlet", AccountKind::Business, 640);
        let roles = [
            role(&self.page("Atelier Okafor", Some(&atelier)), ALL_TASKS, Reach::Listed),
            role(&self.page("Okafor Studio", Some(&studio)), ALL_TASKS, Reach::Listed),
            role(&self.page("Vintage by Amara", Some(&vintage)), ALL_TASKS, Reach::Listed),
            role(&self.page("Okafor Recipes", None), ALL_TASKS, Reach::Listed),
            role(&self.page("Okafor Outlet", Some(&outlet)), NO_MESSAGING, Reach::Listed),
        ];
        let accounts = [atelier, studio, vintage, outlet];
        let note = "Five Pages: one has no Instagram account, one does not give her the messaging task";
        self.person("amara.okafor", "Amara Okafor", note, &accounts, &roles);
    }

    fn many_pages(&mut self) {
        let cities = ["Hamburg", "Bremen", "Kiel", "Leipzig", "Dresden", "Mainz", "Ulm"];
        let mut accounts = Vec::new();
        let mut roles = Vec::new();
        for city in cities {
            let username = format!("keller.bikes.{}", city.to_lowercase());
            let account = self.account(&username, &format!("Keller Bikes {city}"), AccountKind::Business, 1_100);
            let page = self.page(&format!("Keller Bikes {city}"), Some(&account));
            roles.push(role(&page, ALL_TASKS, Reach::Listed));
            accounts.push(account);
        }
        self.person("jonas.keller", "Jonas Keller", "Seven Pages, over several cursor pages", &accounts, &roles);
    }

    fn hidden_pages(&mut self) {
        let spice = self.account("raman.spices", "Raman Spices", AccountKind::Business, 7_368);
        let page = self.page("Raman Spices", Some(&spice));
        let note = "An empty Page list: the Page is only among the token's target ids";
        self.person("priya.raman", "Priya Raman", note, &[spice], &[role(&page, ALL_TASKS, Reach::TargetIds)]);

        let trattoria = self.account("trattoria.rossi", "Trattoria Rossi", AccountKind::Business, 3_290);
        let wine = self.account("cantina.del.sole", "Cantina del Sole", AccountKind::Business, 1_874);
        let owned = self.page("Trattoria Rossi", Some(&trattoria));
        let client = self.page("Cantina del Sole", Some(&wine));
        let business = ids::digits("business/Rossi Group", "1", 15);
        self.world.businesses.push(Business {
            id: business.clone(),
            name: "Rossi Group".into(),
            owned_pages: vec![owned.clone()],
            client_pages: vec![client.clone()],
        });
        let roles = [role(&owned, ALL_TASKS, Reach::Portfolio), role(&client, ALL_TASKS, Reach::Portfolio)];
        let note = "An empty Page list: the Pages belong to a business portfolio";
        self.person("elena.rossi", "Elena Rossi", note, &[trattoria, wine], &roles);
        if let Some(elena) = self.world.people.last_mut() {
            elena.businesses.push(business);
        }
    }

    fn contacts(&mut self) {
        let people = [
            ("ines.moreau", "Inès Moreau", 842, false),
            ("kofi_mensah", "Kofi Mensah", 2_310, false),
            ("sofia.herrera", "Sofía Herrera", 12_904, true),
            ("daniel.kim.photo", "Daniel Kim", 5_411, false),
            ("aiko_tanaka", "Aiko Tanaka", 377, false),
            ("bjorn.akesson", "Björn Åkesson", 96, false),
        ];
        for (username, name, followers, verified) in people {
            self.world.contacts.push(Contact {
                username: username.into(),
                renamed_to: None,
                name: name.into(),
                followers,
                verified,
                follows_business: followers % 2 == 0,
                reachable: true,
                phone_number_only: false,
            });
        }
    }

    fn account(&mut self, username: &str, name: &str, kind: AccountKind, followers: u32) -> String {
        let id = ids::digits(&format!("account/{username}"), "17841", 17);
        self.world.accounts.push(Account {
            id: id.clone(),
            username: username.into(),
            name: name.into(),
            kind,
            followers,
            follows: followers / 9,
            media: followers / 23,
            allow_message_access: true,
        });
        id
    }

    fn page(&mut self, name: &str, instagram: Option<&str>) -> String {
        let id = ids::digits(&format!("page/{name}"), "10", 15);
        self.world.pages.push(Page { id: id.clone(), name: name.into(), instagram: instagram.map(str::to_owned) });
        id
    }

    fn person(&mut self, username: &str, name: &str, note: &str, accounts: &[String], pages: &[PageRole]) {
        self.world.people.push(Person {
            username: username.into(),
            name: name.into(),
            note: note.into(),
            accounts: accounts.to_vec(),
            pages: pages.to_vec(),
            businesses: vec![],
        });
    }
}

fn role(page_id: &str, tasks: &[&str], reach: Reach) -> PageRole {
    PageRole { page_id: page_id.into(), tasks: tasks.iter().map(|&task| task.into()).collect(), reach }
}
