//! tokio-modbus' client, which makes every question and reads every answer, on a pipe instead of a
//! line. Shell.
//!
//! On a line of its own the client takes the first frame for the answer or gives up. So the line
//! (`line.rs`) carries what it writes to the device, and back the one frame that answers it. A new
//! client for each question: none remembers another's.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio_modbus::{
    Request, Response, Slave,
    client::{Client as _, Context, rtu, tcp},
};

use super::{
    blame::AskError,
    framing::{Framing, Question},
    reads::RegisterRead,
};
use crate::config::RegisterKind;

/// Room in the pipe: more than the longest frame (260 bytes over TCP).
const PIPE: usize = 512;

/// One question and its answer.
pub(crate) struct Client {
    context: Context,
    request: Request<'static>,
    count: u16,
}

/// Where a client's question comes out and its answer goes in.
pub(crate) struct Pipe {
    end: DuplexStream,
    framing: Framing,
}

/// A client that is about to ask for the registers of `read`.
pub(crate) fn client(read: &RegisterRead, framing: Framing) -> (Client, Pipe) {
    let (line, end) = duplex(PIPE);
    let unit = Slave(read.unit_id);
    let context = match framing {
        Framing::Tcp => tcp::attach_slave(line, unit),
        Framing::Rtu => rtu::attach_slave(line, unit),
    };
    let request = match read.kind {
        RegisterKind::Holding => Request::ReadHoldingRegisters(read.start, read.count),
        RegisterKind::Input => Request::ReadInputRegisters(read.start, read.count),
    };
    let count = read.count;
    (
        Client {
            context,
            request,
            count,
        },
        Pipe { end, framing },
    )
}

impl Client {
    /// Asks, and waits for the answer for as long as the pipe is held.
    ///
    /// # Errors
    /// The device refused, or the answer is not what was asked for.
    pub(crate) async fn ask(mut self) -> Result<Vec<u16>, AskError> {
        let answer = self.context.call(self.request).await;
        // The pipe never fails: the only errors are those of an answer's content.
        let answer = answer.map_err(|error| {
            AskError::Garbled(format!("its length does not fit its content ({error})"))
        })?;
        match answer.map_err(AskError::Refused)? {
            Response::ReadHoldingRegisters(words) | Response::ReadInputRegisters(words) => {
                if words.len() == usize::from(self.count) {
                    return Ok(words);
                }
                Err(AskError::Short {
                    expected: self.count,
                    found: words.len(),
                })
            }
            other => Err(AskError::Garbled(format!("{other:?}"))),
        }
    }
}

impl Pipe {
    /// The client's question, to be asked under this transaction.
    ///
    /// # Errors
    /// The client wrote none.
    pub(crate) async fn question(&mut self, transaction: u16) -> io::Result<Question> {
        let mut frame = vec![0; PIPE];
        // The client writes a question at once.
        let length = self.end.read(&mut frame).await?;
        frame.truncate(length);
        Question::new(frame, transaction, self.framing)
            .ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Gives the client its answer.
    ///
    /// # Errors
    /// There is no client any more.
    pub(crate) async fn answer(&mut self, frame: &[u8]) -> io::Result<()> {
        self.end.write_all(frame).await
    }
}

#[cfg(test)]
mod tests {
    use super::{super::framing::Heard, *};

    fn read(kind: RegisterKind) -> RegisterRead {
        RegisterRead {
            unit_id: 7,
            kind,
            start: 0x6B,
            count: 1,
            interval_ms: 1_000,
            serves: vec![0],
        }
    }

    /// What is sent for a read, and what becomes of the bytes that come.
    async fn asked(
        kind: RegisterKind,
        framing: Framing,
        come: &[u8],
    ) -> (Vec<u8>, Result<Vec<u16>, AskError>) {
        let (client, mut pipe) = client(&read(kind), framing);
        let carried = async {
            let question = pipe.question(5).await.expect("one is asked");
            let Heard::Answer(frame) = question.hear(come) else {
                panic!("{come:?} is no answer");
            };
            pipe.answer(&frame).await.expect("it is waited for");
            question.bytes()
        };
        let (answer, sent) = tokio::join!(client.ask(), carried);
        (sent, answer)
    }

    #[tokio::test]
    async fn a_question_has_the_bytes_of_the_specification_and_its_answer_is_read() {
        let (sent, answer) = asked(
            RegisterKind::Holding,
            Framing::Rtu,
            &[7, 3, 2, 0, 100, 0x31, 0xAF],
        )
        .await;
        assert_eq!(sent, [7, 3, 0, 0x6B, 0, 1, 0xF5, 0xB0]);
        assert_eq!(answer.expect("registers"), [100]);
        for (transaction, unit) in [(5, 7), (0, 7), (5, 255)] {
            let come = [0, transaction, 0, 0, 0, 5, unit, 4, 2, 0, 100];
            let (sent, answer) = asked(RegisterKind::Input, Framing::Tcp, &come).await;
            assert_eq!(sent, [0, 5, 0, 0, 0, 6, 7, 4, 0, 0x6B, 0, 1]);
            assert_eq!(answer.expect("registers"), [100], "{come:?}");
        }
    }

    #[tokio::test]
    async fn what_is_not_the_registers_asked_for_says_what_it_is() {
        let cases = [
            (
                &[0, 5, 0, 0, 0, 3, 7, 0x83, 2][..],
                "the device refused: illegal data address (exception 2)",
            ),
            (
                &[0, 5, 0, 0, 0, 3, 7, 0x83, 77],
                "the device refused: unknown exception (exception 77)",
            ),
            (
                &[0, 5, 0, 0, 0, 7, 7, 3, 4, 0, 1, 0, 2],
                "2 registers came where 1 were asked for",
            ),
            (
                &[0, 5, 0, 0, 0, 7, 7, 3, 2, 0, 1, 0, 2],
                "an answer that cannot be understood: its length does not fit its content \
                 (undecoded response data)",
            ),
        ];
        for (come, said) in cases {
            let (_, answer) = asked(RegisterKind::Holding, Framing::Tcp, come).await;
            assert_eq!(answer.expect_err("no registers").to_string(), said);
        }
    }
}
