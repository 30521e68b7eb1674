//! The points that the interoperability suites hold, without those suites: each is a sentence of theirs.

use std::time::{Duration, Instant};

use bytes::Bytes;
use rumqttc::v5::mqttbytes::{
    QoS,
    v5::{
        ConnectReturnCode, Disconnect, DisconnectReasonCode, Filter, LastWill, LastWillProperties,
        Packet, PublishProperties, SubscribeReasonCode, Unsubscribe,
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{
    open::{OpenBroker, UNHEARD},
    speaker::{Speaker, Within, message},
};

const SESSIONS: Duration = Duration::from_secs(60);

const ALL: [QoS; 3] = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];

async fn broker() -> OpenBroker {
    OpenBroker::start(SESSIONS).await
}

fn granted(qos: QoS) -> Vec<SubscribeReasonCode> {
    vec![SubscribeReasonCode::Success(qos)]
}

/// Somebody who hears a filter.
async fn listener(broker: &OpenBroker, name: &str, filter: &str) -> Within {
    let mut listener = Speaker::new(name).come(broker.at).await;
    let ack = listener.subscribe(filter, None).await;
    assert_eq!(ack.return_codes, granted(QoS::ExactlyOnce));
    listener
}

#[tokio::test(flavor = "multi_thread")]
async fn connack_says_what_is_not_had() {
    let broker = broker().await;
    let within = Speaker::new("a").come(broker.at).await;
    let had = within.connack.properties.expect("properties");
    assert_eq!(had.retain_available, Some(0));
    assert_eq!(had.shared_subscription_available, Some(0));
    // None is none (3.2.2.3.8).
    assert_eq!(had.topic_alias_max.unwrap_or(0), 0);
    assert_eq!(had.server_keep_alive, Some(30));
    assert_eq!(had.max_packet_size, Some(257 * 1024));
    assert_eq!(had.receive_max, Some(16));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_quality_of_service_is_brought_with_its_properties() {
    let broker = broker().await;
    let mut b = listener(&broker, "b", "t/+").await;
    let mut a = Speaker::new("a").come(broker.at).await;
    for qos in ALL {
        let properties = PublishProperties {
            payload_format_indicator: Some(1),
            content_type: Some("text/plain".to_owned()),
            response_topic: Some("t/answer".to_owned()),
            correlation_data: Some(Bytes::from_static(b"334")),
            user_properties: vec![("a".to_owned(), "2".to_owned()), ("c".into(), "3".into())],
            ..PublishProperties::default()
        };
        let mut said = message("t/1", qos, "something");
        said.properties = Some(properties.clone());
        a.publish(said).await;
        let heard = b.hear().await;
        assert_eq!((&*heard.topic, heard.qos), (&b"t/1"[..], qos));
        assert_eq!(heard.properties, Some(properties));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn overlapping_filters_bring_a_message_once_with_all_their_ids_and_none_to_whom_it_is_from() {
    let broker = broker().await;
    let mut a = Speaker::new("a").come(broker.at).await;
    a.subscribe("t/1", Some(2)).await;
    a.subscribe("t/#", Some(3)).await;
    let mut b = Speaker::new("b").come(broker.at).await;
    let mut others_only = Filter::new("t/1", QoS::ExactlyOnce);
    others_only.nolocal = true;
    b.subscribe_to(others_only, None).await;
    b.publish(message("t/1", QoS::AtLeastOnce, "first")).await;
    b.publish(message("$t/1", QoS::AtLeastOnce, "of no wildcard"))
        .await;
    b.publish(message("t/2", QoS::AtLeastOnce, "second")).await;
    let (first, second) = (a.hear().await, a.hear().await);
    let ids = |heard: rumqttc::v5::mqttbytes::v5::Publish| {
        let mut ids = heard.properties.expect("ids").subscription_identifiers;
        ids.sort_unstable();
        ids
    };
    assert_eq!((ids(first), ids(second)), (vec![2, 3], vec![3]));
    a.publish(message("t/1", QoS::AtLeastOnce, "for b")).await;
    assert_eq!(&*b.hear().await.payload, b"for b");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_heard_is_refused_and_what_is_no_longer_wanted_does_not_come() {
    let broker = broker().await;
    let mut a = listener(&broker, "a", "t/1").await;
    a.subscribe("t/2", None).await;
    let refused = a.subscribe(UNHEARD, None).await.return_codes;
    assert_eq!(refused, [SubscribeReasonCode::Unspecified]);
    let shared = a.subscribe("$share/name/t/3", None).await.return_codes;
    assert_eq!(
        shared,
        [SubscribeReasonCode::SharedSubscriptionsNotSupported]
    );
    let mut gone = Unsubscribe::new("t/1", None);
    gone.pkid = 9;
    a.say(&Packet::Unsubscribe(gone)).await;
    assert!(matches!(a.next().await, Some(Packet::UnsubAck(_))));
    let mut b = Speaker::new("b").come(broker.at).await;
    for topic in [UNHEARD, "t/3", "t/1", "t/2"] {
        b.publish(message(topic, QoS::AtLeastOnce, "heard?")).await;
    }
    assert_eq!(&*a.hear().await.topic, b"t/2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_lasts_as_long_as_was_asked_and_what_waits_is_brought_unless_it_is_too_old() {
    let broker = broker().await;
    let of_a = || Speaker::new("a").with(|asked| asked.session_expiry_interval = Some(99_999));
    let mut a = of_a().come(broker.at).await;
    assert!(!a.connack.session_present);
    let lasts = a.connack.properties.as_ref().expect("properties");
    assert_eq!(lasts.session_expiry_interval, Some(60));
    a.subscribe("t/#", None).await;
    a.say(&Packet::Disconnect(Disconnect::new(
        DisconnectReasonCode::NormalDisconnection,
    )))
    .await;
    drop(a);
    let mut b = Speaker::new("b").come(broker.at).await;
    let mut old = message("t/1", QoS::AtLeastOnce, "too old soon");
    old.properties = Some(PublishProperties {
        message_expiry_interval: Some(1),
        ..PublishProperties::default()
    });
    b.publish(old).await;
    b.publish(message("t/1", QoS::AtLeastOnce, "once")).await;
    b.publish(message("t/1", QoS::ExactlyOnce, "twice")).await;
    // A will tells that the second is over, for which the first message was good.
    let mut clock = listener(&broker, "clock", "over").await;
    will_after(&broker, "over", 2).await;
    clock.hear().await;
    let mut a = of_a().again().come(broker.at).await;
    assert!(a.connack.session_present);
    let heard = [a.hear().await.payload, a.hear().await.payload];
    assert_eq!(heard, [&b"once"[..], &b"twice"[..]]);
}

/// Somebody whose line fails, and whose will comes so many seconds later.
async fn will_after(broker: &OpenBroker, topic: &str, seconds: u32) {
    let mut speaker =
        Speaker::new("mortal").with(|asked| asked.session_expiry_interval = Some(seconds + 5));
    let properties = LastWillProperties {
        delay_interval: Some(seconds),
        payload_format_indicator: None,
        message_expiry_interval: None,
        content_type: None,
        response_topic: None,
        correlation_data: None,
        user_properties: vec![("a".to_owned(), "2".to_owned())],
    };
    let will = LastWill::new(topic, "gone", QoS::AtLeastOnce, false, Some(properties));
    speaker.will = Some(will);
    drop(speaker.come(broker.at).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_will_comes_as_late_as_was_asked_and_with_its_properties() {
    let broker = broker().await;
    let mut b = listener(&broker, "b", "will").await;
    let begun = Instant::now();
    will_after(&broker, "will", 2).await;
    let heard = b.hear().await;
    assert_eq!(&*heard.payload, b"gone");
    let user = heard.properties.expect("properties").user_properties;
    assert_eq!(user, [("a".to_owned(), "2".to_owned())]);
    let took = begun.elapsed().as_secs_f64();
    assert!((1.9..3.5).contains(&took), "{took}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_acknowledged_comes_again_with_the_next_connection() {
    let broker = broker().await;
    let of_a = || Speaker::new("a").with(|asked| asked.session_expiry_interval = Some(30));
    let mut a = of_a().come(broker.at).await;
    a.subscribe("t/#", None).await;
    let mut b = Speaker::new("b").come(broker.at).await;
    b.publish(message("t/1", QoS::AtLeastOnce, "once")).await;
    b.publish(message("t/1", QoS::ExactlyOnce, "twice")).await;
    for _ in 0..2 {
        assert!(matches!(a.next().await, Some(Packet::Publish(_))));
    }
    drop(a);
    let mut a = of_a().again().come(broker.at).await;
    let mut heard = Vec::new();
    for _ in 0..2 {
        let Some(Packet::Publish(message)) = a.next().await else {
            panic!("no message");
        };
        assert!(message.dup, "{message:?}");
        heard.push(message.payload);
    }
    // The library forgets in which order they were.
    heard.sort();
    assert_eq!(heard, [&b"once"[..], &b"twice"[..]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_on_its_way_to_a_client_than_it_takes() {
    let broker = broker().await;
    let a = Speaker::new("a").with(|asked| asked.receive_maximum = Some(2));
    let mut a = a.come(broker.at).await;
    a.subscribe("t/1", None).await;
    let mut b = Speaker::new("b").come(broker.at).await;
    for payload in ["1", "2", "3"] {
        b.publish(message("t/1", QoS::AtLeastOnce, payload)).await;
    }
    let mut waiting = Vec::new();
    for _ in 0..2 {
        let Some(Packet::Publish(message)) = a.next().await else {
            panic!("no message");
        };
        waiting.push(message);
    }
    // A third one would come before the answer to this.
    a.say_bytes(&[0xc0, 0]).await;
    assert!(matches!(a.next().await, Some(Packet::PingResp(_))));
    for message in &waiting {
        a.acknowledge(message).await;
    }
    assert_eq!(&*a.hear().await.payload, b"3");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_more_on_its_way_than_connack_says_is_sent_away() {
    let broker = broker().await;
    let mut a = Speaker::new("a").come(broker.at).await;
    for _ in 0..17 {
        a.begin(message("t/1", QoS::ExactlyOnce, "and none released"))
            .await;
    }
    let told = a.sent_away().await;
    assert_eq!(told, Some(DisconnectReasonCode::ReceiveMaximumExceeded));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_given_to_who_has_none_and_the_older_connection_of_a_name_is_told() {
    let broker = broker().await;
    let nameless = Speaker::new("").come(broker.at).await;
    let given = nameless.connack.properties.expect("properties");
    assert!(
        given
            .assigned_client_identifier
            .is_some_and(|name| !name.is_empty())
    );
    let old = Speaker::new("a").come(broker.at).await;
    let new = Speaker::new("a").come(broker.at).await;
    assert_eq!(new.connack.code, ConnectReturnCode::Success);
    let told = old.sent_away().await;
    assert_eq!(told, Some(DisconnectReasonCode::SessionTakenOver));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_against_the_rules_ends_its_connection_and_says_why() {
    let broker = broker().await;
    let mut b = listener(&broker, "b", "#").await;
    let alias = |alias| PublishProperties {
        topic_alias: Some(alias),
        ..PublishProperties::default()
    };
    let rules = [
        ("a/+", None, DisconnectReasonCode::TopicNameInvalid),
        ("a/#", None, DisconnectReasonCode::TopicNameInvalid),
        ("a\0b", None, DisconnectReasonCode::MalformedPacket),
        ("", None, DisconnectReasonCode::ProtocolError),
        ("a", Some(alias(1)), DisconnectReasonCode::TopicAliasInvalid),
        ("", Some(alias(1)), DisconnectReasonCode::TopicAliasInvalid),
    ];
    for (topic, properties, code) in rules {
        for qos in ALL {
            // Who comes under a name whose session is just ending may be told to come again.
            let name = format!("{code:?}-{}-{qos:?}", topic.len());
            let mut a = Speaker::new(&name).come(broker.at).await;
            let mut said = message(topic, qos, "against the rules");
            said.properties = properties.clone();
            a.begin(said).await;
            assert_eq!(a.sent_away().await, Some(code), "{topic:?} {qos:?}");
        }
    }
    let mut a = Speaker::new("keeper").come(broker.at).await;
    let mut kept = message("a", QoS::AtLeastOnce, "for those who come later");
    kept.retain = true;
    a.begin(kept).await;
    let told = a.sent_away().await;
    assert_eq!(told, Some(DisconnectReasonCode::RetainNotSupported));
    let mut a = Speaker::new("a").come(broker.at).await;
    a.publish(message("a", QoS::AtLeastOnce, "by the rules"))
        .await;
    assert_eq!(&*b.hear().await.payload, b"by the rules");
}

/// A CONNECT of 3.1.1 by a client with a name of one letter, with these flags and this keep-alive.
async fn of_3(
    broker: &OpenBroker,
    name: u8,
    (flags, keep_alive): (u8, u8),
    rest: &[u8],
) -> TcpStream {
    let mut line = TcpStream::connect(broker.at).await.expect("a line");
    let length = u8::try_from(13 + rest.len()).expect("short");
    let mut connect = vec![0x10, length, 0, 4];
    connect.extend(b"MQTT\x04");
    connect.extend([flags, 0, keep_alive, 0, 1, name]);
    connect.extend(rest);
    line.write_all(&connect).await.expect("written");
    line
}

/// All that is said until the line ends.
async fn all(mut line: TcpStream) -> Vec<u8> {
    let mut said = Vec::new();
    // An error is an end too.
    let _ = line.read_to_end(&mut said).await;
    said
}

const TAKEN: [u8; 4] = [0x20, 2, 0, 0];

#[tokio::test(flavor = "multi_thread")]
async fn with_3_1_1_a_message_against_the_rules_ends_its_connection_unheard() {
    let broker = broker().await;
    let mut b = listener(&broker, "b", "#").await;
    let mut names = b'A'..;
    for topic in [&b"a/+"[..], b"a/#", b"a\0b", b""] {
        for qos in 0..3_u8 {
            let name = names.next().expect("letters");
            let mut line = of_3(&broker, name, (0x02, 30), b"").await;
            let mut body = vec![0, u8::try_from(topic.len()).expect("short")];
            body.extend(topic);
            if qos > 0 {
                body.extend([0, 1]);
            }
            body.push(b'!');
            let length = u8::try_from(body.len()).expect("short");
            line.write_all(&[0x30 | qos << 1, length])
                .await
                .expect("written");
            line.write_all(&body).await.expect("written");
            assert_eq!(all(line).await, TAKEN, "{topic:?} {qos}");
        }
    }
    let mut a = Speaker::new("c").come(broker.at).await;
    a.publish(message("a", QoS::AtLeastOnce, "by the rules"))
        .await;
    assert_eq!(&*b.hear().await.payload, b"by the rules");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_without_a_user_name_is_refused() {
    let broker = broker().await;
    let line = of_3(&broker, b'a', (0x42, 30), b"\0\x06secret").await;
    assert_eq!(all(line).await, b"");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_silent_for_one_and_a_half_times_what_he_said_is_sent_away_and_his_will_comes() {
    let broker = broker().await;
    let mut b = listener(&broker, "b", "will").await;
    let begun = Instant::now();
    let line = of_3(&broker, b'a', (0x06, 1), b"\0\x04will\0\x04gone").await;
    assert_eq!(all(line).await, TAKEN);
    let took = begun.elapsed().as_secs_f64();
    assert!((1.4..1.9).contains(&took), "{took}");
    assert_eq!(&*b.hear().await.payload, b"gone");
    let mut silent = Speaker::new("silent");
    silent.connect.keep_alive = 1;
    let told = silent.come(broker.at).await.sent_away().await;
    assert_eq!(told, Some(DisconnectReasonCode::KeepAliveTimeout));
    let mut patient = Speaker::new("patient");
    patient.connect.keep_alive = 1_200;
    let within = patient.come(broker.at).await;
    let said = within.connack.properties.expect("properties");
    assert_eq!(said.server_keep_alive, Some(60));
}
