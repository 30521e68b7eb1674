//! Which of the bytes that come back is the answer to a Modbus question. Pure.
//!
//! What questions and answers say is tokio-modbus' business (`client.rs`); finding the answer is ours,
//! since on real lines it comes behind an echo, noise or another unit's late answer, and devices on
//! TCP answer with transaction 0, where a client takes the first frame or gives up. An answer counts
//! only if unit, function and checksum or transaction are those of the question; anything else is
//! passed over until the time is up, and is then told apart from silence.

/// Bytes before the unit in a frame of Modbus TCP, and the longest such frame behind them.
const TCP_HEAD: usize = 6;
const TCP_MOST: usize = 254;
/// Bytes that are shown of what cannot be understood.
const SHOWN: usize = 24;

/// How frames lie in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    Tcp,
    Rtu,
}

/// One question for registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// As the client wrote it.
    frame: Vec<u8>,
    unit: u8,
    function: u8,
    count: u16,
    transaction: u16,
    framing: Framing,
}

/// What the bytes so far say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Heard {
    /// No answer yet.
    More,
    /// The frame of the answer, as the client expects it.
    Answer(Vec<u8>),
    /// No answer can follow these bytes.
    Nonsense,
}

impl Question {
    /// The question of a client, which is asked under `transaction` instead of the client's own: not
    /// 0, which devices answer with that keep none. None if the frame is no question for registers.
    #[must_use]
    pub(crate) fn new(frame: Vec<u8>, transaction: u16, framing: Framing) -> Option<Self> {
        let body = match framing {
            Framing::Tcp => frame.get(TCP_HEAD..)?,
            Framing::Rtu => &frame,
        };
        let [unit, function, _, _, high, low, ..] = *body else {
            return None;
        };
        Some(Self {
            unit,
            function,
            count: u16::from_be_bytes([high, low]),
            frame,
            transaction,
            framing,
        })
    }

    /// The bytes that are sent.
    #[must_use]
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self.framing {
            Framing::Tcp => numbered(self.transaction, &self.frame),
            Framing::Rtu => self.frame.clone(),
        }
    }

    /// What everything that has come since the question was asked says.
    #[must_use]
    pub(crate) fn hear(&self, bytes: &[u8]) -> Heard {
        match self.framing {
            Framing::Tcp => self.hear_tcp(bytes),
            Framing::Rtu => self.hear_rtu(bytes),
        }
    }

    fn hear_tcp(&self, bytes: &[u8]) -> Heard {
        let mut rest = bytes;
        while let Some((head, behind)) = rest.split_first_chunk::<TCP_HEAD>() {
            let [t1, t0, p1, p0, l1, l0] = *head;
            let length = usize::from(u16::from_be_bytes([l1, l0]));
            if (p1, p0) != (0, 0) || !(3..=TCP_MOST).contains(&length) {
                return Heard::Nonsense;
            }
            let Some((frame, after)) = behind.split_at_checked(length) else {
                return Heard::More;
            };
            if let [unit, body @ ..] = frame
                && self.is_mine(u16::from_be_bytes([t1, t0]), *unit)
                && self.is_answer(body)
            {
                let own = self.frame.get(..2).unwrap_or_default();
                return Heard::Answer([own, &[0, 0, l1, l0, self.unit], body].concat());
            }
            rest = after;
        }
        Heard::More
    }

    /// A gateway may answer with its own unit id, 0 or 255, where the transaction is ours; a device
    /// that keeps no transactions with 0, where the unit is.
    fn is_mine(&self, transaction: u16, unit: u8) -> bool {
        let is_unit = unit == self.unit;
        (transaction == self.transaction && (is_unit || unit == 0 || unit == 255))
            || (transaction == 0 && is_unit)
    }

    /// Whether the answer in these bytes has the question's transaction.
    #[must_use]
    pub(crate) fn is_numbered(&self, bytes: &[u8]) -> bool {
        let mut rest = bytes;
        while let Some((head, behind)) = rest.split_first_chunk::<TCP_HEAD>() {
            let [t1, t0, _, _, l1, l0] = *head;
            if u16::from_be_bytes([t1, t0]) == self.transaction {
                return true;
            }
            let length = usize::from(u16::from_be_bytes([l1, l0]));
            rest = behind.get(length..).unwrap_or_default();
        }
        false
    }

    fn hear_rtu(&self, bytes: &[u8]) -> Heard {
        let behind_echo = bytes.strip_prefix(&*self.frame).unwrap_or(bytes);
        let mut heard = Heard::More;
        for at in 0..behind_echo.len() {
            let rest = behind_echo.get(at..).unwrap_or_default();
            let [unit, function, second, ..] = rest else {
                break;
            };
            let length = if *function == self.function {
                3 + usize::from(*second) + 2
            } else {
                5
            };
            let Some(frame) = rest.get(..length) else {
                continue;
            };
            let Some((content, checksum)) = frame.split_last_chunk::<2>() else {
                continue;
            };
            let body = content.get(1..).unwrap_or_default();
            let is_whole = crc(content) == u16::from_le_bytes(*checksum);
            if *unit != self.unit || !is_whole || !self.is_answer(body) {
                continue;
            }
            heard = Heard::Answer(frame.to_vec());
            // A late answer to a longer question may stand before the one to this.
            if self.is_of_length(body) {
                break;
            }
        }
        heard
    }

    /// Whether this is an answer or a refusal of the function that was asked for.
    const fn is_answer(&self, body: &[u8]) -> bool {
        match body {
            [function, _] if *function == self.function | 0x80 => true,
            [function, _, ..] => *function == self.function,
            _ => false,
        }
    }

    /// Whether an answer has as many registers as were asked for; a refusal has none to miss.
    fn is_of_length(&self, body: &[u8]) -> bool {
        body.first() != Some(&self.function) || body.len() == 2 + 2 * usize::from(self.count)
    }

    /// Why what has come until the time was up is no answer, for people; none where nothing came.
    #[must_use]
    pub(crate) fn describe(&self, bytes: &[u8]) -> Option<String> {
        if bytes.is_empty() {
            return None;
        }
        let question = self.bytes();
        if self.framing == Framing::Rtu && bytes == question {
            return Some(
                "only what was sent came back (local echo of the adapter); no device answers"
                    .to_owned(),
            );
        }
        let shown = bytes.iter().take(SHOWN).map(|byte| format!("{byte:02x}"));
        let shown = shown.collect::<Vec<_>>().join(" ");
        let more = if bytes.len() > SHOWN { " …" } else { "" };
        let hint = match self.framing {
            Framing::Rtu => "check baud rate, parity and wiring",
            Framing::Tcp => "check that this is Modbus TCP and which unit answers",
        };
        let count = bytes.len();
        Some(format!(
            "{count} bytes came and none of them is an answer of unit {} ({shown}{more}); {hint}",
            self.unit
        ))
    }
}

/// A frame of Modbus TCP under another transaction.
fn numbered(transaction: u16, frame: &[u8]) -> Vec<u8> {
    let number = transaction.to_be_bytes();
    [&number, frame.get(2..).unwrap_or_default()].concat()
}

/// The checksum of RTU frames (Modbus over serial line 1.02, § 6.2.2).
fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc: u16, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| {
            let shifted = crc >> 1;
            if crc & 1 == 1 {
                shifted ^ 0xA001
            } else {
                shifted
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As the client writes it, whose transaction is 0.
    fn question(framing: Framing) -> Question {
        let body = [7, 3, 0, 0, 0, 1];
        let frame = match framing {
            Framing::Tcp => tcp(0, &body),
            Framing::Rtu => rtu(&body),
        };
        Question::new(frame, 5, framing).expect("a question for registers")
    }

    fn rtu(body: &[u8]) -> Vec<u8> {
        [body, &crc(body).to_le_bytes()].concat()
    }

    fn tcp(transaction: u16, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).expect("short").to_be_bytes();
        [&transaction.to_be_bytes()[..], &[0, 0], &length, body].concat()
    }

    const ANSWER: [u8; 5] = [7, 3, 2, 0, 100];

    #[test]
    fn a_question_is_sent_under_a_transaction_that_is_not_zero() {
        assert_eq!(
            crc(&[0x11, 3, 0, 0x6B, 0, 3]),
            0x8776,
            "the example of § 6.2.2"
        );
        assert_eq!(question(Framing::Rtu).bytes(), rtu(&[7, 3, 0, 0, 0, 1]));
        let expected = [0, 5, 0, 0, 0, 6, 7, 3, 0, 0, 0, 1];
        assert_eq!(question(Framing::Tcp).bytes(), expected);
        assert_eq!(Question::new(vec![7, 3], 5, Framing::Rtu), None);
    }

    #[test]
    fn on_a_serial_line_an_answer_is_found_behind_echo_noise_and_other_units() {
        let (asked, answer) = (question(Framing::Rtu), rtu(&ANSWER));
        let other = rtu(&[9, 3, 2, 0x13, 0x88]);
        let cases = [
            vec![],
            asked.bytes(),
            vec![0],
            vec![0xFF, 0x00],
            other.clone(),
            [asked.bytes(), other].concat(),
        ];
        for before in cases {
            let bytes = [&before[..], &answer, &[0, 0xFF]].concat();
            assert_eq!(
                asked.hear(&bytes),
                Heard::Answer(answer.clone()),
                "{before:?}"
            );
            let cut = bytes.get(..before.len() + 3).expect("longer");
            assert_eq!(asked.hear(cut), Heard::More);
        }
        let busy = rtu(&[7, 0x83, 6]);
        assert_eq!(asked.hear(&busy), Heard::Answer(busy));
        let longer = rtu(&[7, 3, 4, 0, 1, 0, 2]);
        assert_eq!(asked.hear(&longer), Heard::Answer(longer.clone()));
        let both = [longer, answer.clone()].concat();
        assert_eq!(asked.hear(&both), Heard::Answer(answer));
    }

    #[test]
    fn on_tcp_an_answer_is_found_behind_others_and_with_transaction_zero() {
        let asked = question(Framing::Tcp);
        let other = tcp(4, &[9, 3, 2, 0x13, 0x88]);
        let late = tcp(4, &[7, 3, 2, 0x13, 0x88]);
        for transaction in [5, 0] {
            let bytes = [&other[..], &late, &tcp(transaction, &ANSWER)].concat();
            assert_eq!(asked.hear(&bytes), Heard::Answer(tcp(0, &ANSWER)));
        }
        let by_gateway = tcp(5, &[255, 3, 2, 0, 100]);
        assert_eq!(asked.hear(&by_gateway), Heard::Answer(tcp(0, &ANSWER)));
        let stranger = tcp(5, &[9, 3, 2, 0, 100]);
        assert_eq!(asked.hear(&stranger), Heard::More, "another unit's water");
        let refused = tcp(5, &[7, 0x83, 2]);
        assert_eq!(asked.hear(&refused), Heard::Answer(tcp(0, &[7, 0x83, 2])));
        assert_eq!(asked.hear(b"HTTP/1.1 400 Bad"), Heard::Nonsense);
    }

    #[test]
    fn garbage_is_told_apart_from_silence_and_from_an_echo() {
        let asked = question(Framing::Rtu);
        assert_eq!(asked.describe(&[]), None);
        let echo = asked.describe(&asked.bytes()).expect("said");
        assert!(echo.contains("local echo"), "{echo}");
        let inverted: Vec<u8> = rtu(&ANSWER).iter().map(|byte| !byte).collect();
        let said = asked.describe(&inverted).expect("said");
        assert!(
            said.contains("7 bytes") && said.contains("baud rate"),
            "{said}"
        );
    }

    proptest! {
        #[test]
        fn noise_is_never_taken_for_an_answer(
            noise in prop::collection::vec(any::<u8>(), 0..60),
            is_tcp in any::<bool>(),
        ) {
            let framing = if is_tcp { Framing::Tcp } else { Framing::Rtu };
            let heard = question(framing).hear(&noise);
            prop_assert!(matches!(heard, Heard::More | Heard::Nonsense), "{:?}", heard);
        }

        #[test]
        fn an_answer_is_found_wherever_it_was_cut(at in 0_usize..7) {
            let (asked, answer) = (question(Framing::Rtu), rtu(&ANSWER));
            prop_assert_eq!(asked.hear(answer.get(..at).unwrap_or_default()), Heard::More);
        }
    }
}
