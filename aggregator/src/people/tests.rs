//! Accounts, sessions, tokens and invitations, from one act to the next.

use shared::{ids::PersonId, time::Timestamp};

use super::{
    Area, Fingerprint, Role, Viewer,
    acts::{Acceptance, Browser, MOST_DAYS, Planned, Refusal, SET_UP_MS, check_password},
    book::{Book, Credential, IDLE_MS, SESSION_MS},
    record::{Change, Subject, Whose},
};
use crate::{principal::Principal, rights::Known};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const HOUR_MS: i64 = 3_600_000;

fn of(secret: &str) -> Fingerprint {
    Fingerprint::of(secret)
}

fn person(name: &str) -> PersonId {
    name.parse().expect("a name")
}

fn area(text: &str) -> Area {
    text.parse().expect("an area")
}

fn browser() -> Browser {
    Browser {
        from: Some([10, 0, 0, 7].into()),
        name: "Firefox\u{1b}[2J".to_owned(),
    }
}

fn with(name: &str) -> Acceptance {
    Acceptance {
        name: person(name),
        shown: name.to_owned(),
        password: format!("hash of {name}'s"),
    }
}

impl Book {
    fn take(&mut self, planned: Planned) -> &mut Self {
        for change in planned.changes {
            // Through its written form, as after a restart.
            let (key, kept) = change.written();
            let read = kept.map(|kept| Change::read(&key, &kept).expect("read"));
            self.apply(read.unwrap_or(change));
        }
        self
    }

    fn is(&self, session: &str, now: Timestamp) -> Option<Viewer> {
        self.viewer(&Credential::Session(of(session)), now)
    }

    fn enter(&mut self, name: &str, session: &str, now: Timestamp) {
        let whose = Whose::Person(person(name));
        self.take(self.log_in(whose, of(session), &browser(), now));
    }
}

/// A city with an administrator, who has invited a dispatcher of a district.
fn staffed() -> Book {
    let mut book = Book::default();
    book.take(book.set_up(of("first"), NOW));
    book.take(book.accept(&of("first"), with("admin"), NOW).expect("good"));
    book.enter("admin", "admin's", NOW);
    let admin = book.is("admin's", NOW).expect("logged in");
    let rights = (Role::Dispatcher, area("district/d-01"));
    let invited = book.invite(&admin, of("second"), rights, None, NOW);
    book.take(invited.expect("may"));
    book.take(book.accept(&of("second"), with("wang"), NOW).expect("good"));
    book.enter("wang", "wang's", NOW);
    book
}

#[test]
fn a_set_up_link_makes_one_administrator_once_and_only_in_time() {
    let mut book = Book::default();
    book.take(book.set_up(of("older"), NOW));
    book.take(book.set_up(of("link"), NOW));
    let accept = |book: &Book, link: &str, now| book.accept(&of(link), with("admin"), now);
    assert_eq!(accept(&book, "older", NOW), Err(Refusal::Spent), "replaced");
    assert_eq!(accept(&book, "guessed", NOW), Err(Refusal::Spent));
    let late = NOW.plus_millis(SET_UP_MS);
    assert_eq!(accept(&book, "link", late), Err(Refusal::Spent));
    book.take(accept(&book, "link", NOW).expect("good"));
    assert_eq!(accept(&book, "link", NOW), Err(Refusal::Spent), "used");
    assert_eq!(book.chiefs().collect::<Vec<_>>(), [&person("admin")]);
}

#[test]
fn a_session_is_its_persons_until_it_is_idle_old_or_ended() {
    let mut book = staffed();
    let wang = book.is("wang's", NOW).expect("logged in");
    assert_eq!(wang.person(), Some(&person("wang")));
    assert_eq!(
        (wang.role, wang.area),
        (Role::Dispatcher, area("district/d-01"))
    );
    let idle = NOW.plus_millis(IDLE_MS);
    assert!(book.is("wang's", idle.plus_millis(-1)).is_some());
    assert_eq!(book.is("wang's", idle), None);
    for hour in 1..=SESSION_MS / HOUR_MS {
        let shown = Credential::Session(of("wang's"));
        book.used(&shown, NOW.plus_millis(hour * HOUR_MS));
    }
    let old = NOW.plus_millis(SESSION_MS);
    assert!(book.is("wang's", old.plus_millis(-1)).is_some());
    assert_eq!(book.is("wang's", old), None);
    let ended = book.expired(old);
    assert!(ended.contains(&Change::Session(of("wang's"), None)));
    book.take(book.log_out(&of("wang's")).expect("there"));
    assert_eq!(book.is("wang's", NOW), None);
    let session = book.sessions.values().next().expect("the other's");
    assert_eq!(session.browser, "Firefox[2J");
}

#[test]
fn the_session_that_was_not_used_longest_ends_when_somebody_has_too_many() {
    let mut book = staffed();
    for n in 0..20 {
        book.enter("wang", &format!("window {n}"), NOW.plus_millis(n + 1));
    }
    let now = NOW.plus_millis(100);
    assert_eq!(book.is("wang's", now), None);
    assert!(book.is("window 0", now).is_some() && book.is("admin's", now).is_some());
}

#[test]
fn nobody_gives_more_than_he_has_or_changes_whom_he_does_not_govern() {
    let mut book = staffed();
    let admin = book.is("admin's", NOW).expect("logged in");
    let clerk = Viewer {
        principal: Principal::Person(person("wang")),
        role: Role::Administrator,
        area: area("district/d-01"),
    };
    let invite = |by: &Viewer, role, area| book.invite(by, of("x"), (role, area), None, NOW);
    assert!(invite(&clerk, Role::Viewer, area("district/d-01/street/s-1")).is_ok());
    for elsewhere in [Area::City, area("district/d-02")] {
        let refused = invite(&clerk, Role::Viewer, elsewhere);
        assert!(matches!(refused, Err(Refusal::Beyond(_))), "{refused:?}");
    }
    let dispatcher = book.is("wang's", NOW).expect("logged in");
    let refused = invite(&dispatcher, Role::Administrator, area("district/d-01"));
    assert!(matches!(refused, Err(Refusal::Beyond(_))));
    let missing = |refused| matches!(refused, Err(Refusal::Missing { .. }));
    assert!(missing(book.remove(&clerk, &person("admin"))));
    let short = of("admin's").short().to_owned();
    assert!(missing(book.end_session(&clerk, &short)));
    assert!(missing(book.end_session(&dispatcher, &short)));
    let anew = book.invite(
        &clerk,
        of("x"),
        (Role::Viewer, Area::City),
        Some(person("admin")),
        NOW,
    );
    assert!(missing(anew));
    assert_eq!(
        book.remove(&admin, &person("admin")),
        Err(Refusal::LastAdministrator(person("admin")))
    );
    let demoted = book.appoint(&admin, &person("admin"), Role::Viewer, Area::City);
    assert!(matches!(demoted, Err(Refusal::LastAdministrator(_))));
    book.take(book.end_session(&admin, of("wang's").short()).expect("may"));
    assert_eq!(book.is("wang's", NOW), None);
}

#[test]
fn what_somebody_had_ends_with_his_account() {
    let mut book = staffed();
    let admin = book.is("admin's", NOW).expect("logged in");
    let wang = book.is("wang's", NOW).expect("logged in");
    let rights = (Role::Viewer, area("district/d-01"));
    let made = book.make_token(
        (&wang, &person("wang")),
        of("key"),
        "wall".parse().expect("id"),
        rights,
        (30, NOW),
    );
    book.take(made.expect("may"));
    let token = Credential::Token(of("key"));
    assert!(book.viewer(&token, NOW).is_some());
    let removed = book.remove(&admin, &person("wang")).expect("may");
    book.take(removed);
    assert_eq!(book.viewer(&token, NOW), None);
    assert_eq!(book.is("wang's", NOW), None);
    assert!(book.tokens.is_empty() && book.sessions.len() == 1);
}

#[test]
fn a_token_can_do_nothing_that_its_owner_cannot_now() {
    let mut book = staffed();
    let admin = book.is("admin's", NOW).expect("logged in");
    let wang = book.is("wang's", NOW).expect("logged in");
    let make = |book: &Book, role, of_area: &str, days| {
        let name = "wall".parse().expect("id");
        let rights = (role, area(of_area));
        book.make_token(
            (&wang, &person("wang")),
            of("key"),
            name,
            rights,
            (days, NOW),
        )
    };
    let beyond = |made| matches!(made, Err(Refusal::Beyond(_)));
    assert!(beyond(make(&book, Role::Administrator, "district/d-01", 1)));
    assert!(beyond(make(&book, Role::Viewer, "city", 1)));
    for days in [0, MOST_DAYS + 1] {
        let refused = make(&book, Role::Viewer, "district/d-01", days);
        assert_eq!(refused, Err(Refusal::Days));
    }
    let made = make(&book, Role::Dispatcher, "district/d-01", 1).expect("may");
    book.take(made);
    let taken = make(&book, Role::Viewer, "district/d-01", 1);
    assert!(matches!(taken, Err(Refusal::TokenTaken(_))));
    let token = Credential::Token(of("key"));
    let role = |book: &Book| book.viewer(&token, NOW).map(|v| v.role);
    assert_eq!(role(&book), Some(Role::Dispatcher));
    let appoint = |book: &Book, role, of_area: &str| {
        book.appoint(&admin, &person("wang"), role, area(of_area))
    };
    let viewer = appoint(&book, Role::Viewer, "district/d-01").expect("may");
    assert_eq!(role(book.take(viewer)), Some(Role::Viewer));
    let moved = appoint(&book, Role::Dispatcher, "district/d-02").expect("may");
    assert_eq!(role(book.take(moved)), None);
    let day = NOW.plus_millis(24 * HOUR_MS);
    assert_eq!(book.viewer(&token, day), None);
}

#[test]
fn a_new_password_ends_the_other_sessions_and_a_link_for_it_keeps_the_account() {
    let mut book = staffed();
    let admin = book.is("admin's", NOW).expect("logged in");
    book.enter("wang", "another", NOW);
    let chosen = book.choose_password(&person("wang"), "new".to_owned(), Some(&of("wang's")));
    book.take(chosen.expect("there"));
    assert!(book.is("wang's", NOW).is_some() && book.is("another", NOW).is_none());
    let account = Some(person("wang"));
    let rights = (Role::Administrator, Area::City);
    let link = book.invite(&admin, of("anew"), rights, account, NOW);
    book.take(link.expect("may"));
    book.take(book.accept(&of("anew"), with("wang"), NOW).expect("good"));
    assert_eq!(book.is("wang's", NOW), None);
    let wang = book.accounts.get(&person("wang")).expect("still there");
    assert_eq!(wang.role, Role::Dispatcher, "the link gives nothing else");
    assert_eq!(wang.password.as_deref(), Some("hash of wang's"));
}

#[test]
fn a_password_is_long_and_not_the_name() {
    for (password, expected) in [
        ("correct horse", Ok(())),
        ("积水点积水点积水点积水点", Ok(())),
        ("elevenchars", Err(Refusal::Password)),
        ("administrator", Err(Refusal::Password)),
        (&"x".repeat(513), Err(Refusal::Password)),
    ] {
        assert_eq!(check_password(password, "Administrator"), expected);
    }
}

fn known(subject: &str, called: &str, rights: Option<(Role, Area)>) -> Known {
    Known {
        issuer: "https://login.city.example".to_owned(),
        subject: subject.to_owned(),
        called: called.to_owned(),
        shown: "Li\u{1b}[2J Na".to_owned(),
        rights,
    }
}

fn settled(book: &mut Book, who: &Known) -> Option<PersonId> {
    let rights = who.rights.clone().expect("something");
    let planned = book.settle(who, rights, NOW).expect("there is room")?;
    let name = planned.subject.parse().expect("a name");
    book.take(planned);
    Some(name)
}

#[test]
fn whom_a_provider_knows_is_known_by_it_alone_and_never_by_his_name() {
    let mut book = staffed();
    let rights = Some((Role::Viewer, Area::City));
    for (subject, called, expected) in [
        ("1", "admin", "admin-2"),
        ("2", "admin", "admin-3"),
        ("3", "Li.Na@city.example", "li-na-city-example"),
        ("4", "..", "p-"),
        ("5", "\u{674e}\u{5a1c}", "p-"),
        ("6", &"x".repeat(200), "xxxxxxxx"),
    ] {
        let name = settled(&mut book, &known(subject, called, rights.clone()));
        let name = name.expect("he is new");
        assert!(name.as_str().starts_with(expected), "{called}: {name}");
        let account = &book.accounts[&name];
        assert_eq!(
            (account.role, account.password.as_ref()),
            (Role::Viewer, None)
        );
        assert_eq!(account.shown, "Li[2J Na");
        let again = settled(&mut book, &known(subject, "somebody-else", rights.clone()));
        assert_eq!(again, None, "he is who he was");
    }
    assert_eq!(book.accounts[&person("admin")].role, Role::Administrator);
    let other = Known {
        issuer: "https://other.example".to_owned(),
        ..known("1", "other", rights)
    };
    let of_other = settled(&mut book, &other).expect("another provider's first is another");
    assert_eq!(of_other, person("other"));
}

#[test]
fn what_a_provider_says_of_somebody_is_changed_there_and_with_it_all_that_he_has_ends() {
    let mut book = staffed();
    let li = known("1", "li", Some((Role::Dispatcher, area("district/d-01"))));
    let name = settled(&mut book, &li).expect("new");
    book.enter("li", "li's", NOW);
    let admin = book.is("admin's", NOW).expect("logged in");
    let refused = Err(Refusal::OfProvider(name.clone()));
    let hash = "a hash".to_owned();
    assert_eq!(book.choose_password(&name, hash, None), refused);
    let appointed = book.appoint(&admin, &name, Role::Administrator, Area::City);
    assert_eq!(appointed, refused);
    let link = (Role::Viewer, Area::City);
    let invited = book.invite(&admin, of("l"), link, Some(name.clone()), NOW);
    assert_eq!(invited, refused);

    let crew = known("1", "li", Some((Role::Crew, Area::City)));
    assert_eq!(settled(&mut book, &crew), Some(name.clone()));
    let viewer = book.is("li's", NOW).expect("still logged in");
    assert_eq!((viewer.role, viewer.area), (Role::Crew, Area::City));
    let li = book.is("li's", NOW).expect("logged in");
    let rights = (Role::Viewer, Area::City);
    let wall = "wall".parse().expect("id");
    let token = book.make_token((&li, &name), of("t"), wall, rights, (1, NOW));
    book.take(token.expect("his"));
    let gone = book
        .turn_away(&known("1", "li", None))
        .expect("he was there");
    book.take(gone);
    assert_eq!(book.is("li's", NOW), None);
    assert_eq!(book.viewer(&Credential::Token(of("t")), NOW), None);
    assert_eq!(book.of_subject(&Subject::of(&crew)), None);
    assert_eq!(book.turn_away(&known("1", "li", None)), None);
}

#[test]
fn links_are_spent_by_other_rights_and_by_another_password() {
    let mut book = staffed();
    let admin = book.is("admin's", NOW).expect("logged in");
    let city = || (Role::Administrator, Area::City);
    book.take(
        book.invite(&admin, of("eve's"), city(), None, NOW)
            .expect("may"),
    );
    book.take(book.accept(&of("eve's"), with("eve"), NOW).expect("good"));
    book.enter("eve", "eve", NOW);
    let eve = book.is("eve", NOW).expect("logged in");
    let link = |book: &mut Book, by: &Viewer, name: &str, account: Option<&str>| {
        let planned = book.invite(by, of(name), city(), account.map(person), NOW);
        book.take(planned.expect("may"));
    };
    link(&mut book, &eve, "anew", None);
    link(&mut book, &eve, "as admin", Some("admin"));
    link(&mut book, &eve, "as wang", Some("wang"));
    let viewer = (Role::Viewer, area("district/d-01"));
    book.take(
        book.appoint(&admin, &person("eve"), viewer.0, viewer.1)
            .expect("may"),
    );
    for spent in ["anew", "as admin", "as wang"] {
        let accepted = book.accept(&of(spent), with("mallory"), NOW);
        assert_eq!(
            accepted,
            Err(Refusal::Spent),
            "{spent}: who made it is no administrator any more"
        );
    }
    link(&mut book, &admin, "for wang", Some("wang"));
    link(&mut book, &admin, "for wang too", Some("wang"));
    book.take(
        book.appoint(&admin, &person("wang"), Role::Administrator, Area::City)
            .expect("may"),
    );
    assert_eq!(
        book.accept(&of("for wang"), with("wang"), NOW),
        Err(Refusal::Spent),
        "he is more now"
    );
    link(&mut book, &admin, "one", Some("wang"));
    link(&mut book, &admin, "two", Some("wang"));
    book.take(book.accept(&of("one"), with("wang"), NOW).expect("good"));
    assert_eq!(
        book.accept(&of("one"), with("wang"), NOW),
        Err(Refusal::Spent),
        "used"
    );
    assert_eq!(
        book.accept(&of("two"), with("wang"), NOW),
        Err(Refusal::Spent),
        "another password"
    );
}
