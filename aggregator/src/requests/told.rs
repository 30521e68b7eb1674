//! A request and what came of it, as the log of deeds tells them.

use core::net::IpAddr;

use crate::{
    audit::{Deed, What},
    orders::{Order, OrderState},
    principal::Principal,
    world::{Refusal, Wish},
};

/// That somebody wished for something.
pub fn asked(by: Principal, from: Option<IpAddr>, wish: &Wish) -> Deed {
    let (what, subject, after) = match wish {
        Wish::Dispatch { truck, point, plan } => {
            let plan = plan.map_or_else(|| "no plan".to_owned(), |plan| format!("plan {plan}"));
            let after = format!("to point {point}, of {plan}");
            (What::DispatchAsked, format!("truck {truck}"), Some(after))
        }
        Wish::Recall { order } => (What::RecallAsked, format!("order {order}"), None),
    };
    Deed {
        by,
        from,
        what,
        subject,
        before: None,
        after,
    }
}

/// What came of it.
pub fn outcome(
    by: Principal,
    from: Option<IpAddr>,
    wish: &Wish,
    outcome: &Result<Order, Refusal>,
) -> Deed {
    let deed = |what, subject, before, after| Deed {
        by,
        from,
        what,
        subject,
        before,
        after: Some(after),
    };
    match outcome {
        Ok(order) => {
            let subject = format!("order {}", order.id);
            let (truck, point, eta) = (&order.truck, &order.point, order.eta_at);
            let to = format!("truck {truck} to point {point}");
            if order.state == OrderState::Recalled {
                let before = Some(format!("{to}, issued at {}", order.issued_at));
                deed(What::OrderRecalled, subject, before, "recalled".to_owned())
            } else {
                let after = format!("{to}, expected at {eta}");
                deed(What::OrderGiven, subject, None, after)
            }
        }
        Err(refusal) => {
            let subject = match wish {
                Wish::Dispatch { truck, .. } => format!("truck {truck}"),
                Wish::Recall { order } => format!("order {order}"),
            };
            deed(What::RequestRefused, subject, None, refusal.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_and_its_refusal_name_the_same_thing() {
        let wish = Wish::Dispatch {
            truck: "pt-3".parse().expect("id"),
            point: "wp-12".parse().expect("id"),
            plan: Some(41),
        };
        let person = || Principal::Person("wang-li".parse().expect("id"));
        let from = Some("10.0.0.9".parse().expect("an address"));
        let asked = asked(person(), from, &wish);
        let said = (asked.what, asked.subject.as_str(), asked.after.as_deref());
        let expected = (
            What::DispatchAsked,
            "truck pt-3",
            Some("to point wp-12, of plan 41"),
        );
        assert_eq!(said, expected);
        let refused = Err(Refusal::OutOfService("pt-3".parse().expect("id")));
        let came = outcome(person(), from, &wish, &refused);
        assert_eq!(
            (came.what, came.subject),
            (What::RequestRefused, asked.subject)
        );
        assert_eq!(came.after.as_deref(), Some("truck pt-3 is out of service"));
        assert_eq!((came.by, came.from), (person(), from));
    }
}
