//! Watches the parts that must run as long as the program does, so that none ends unseen.

use anyhow::{Context, Result, bail};
use tokio::{sync::oneshot, task::JoinHandle};

use crate::ingest::CommitterEnd;

/// The ends of the parts that run as long as the program does.
pub struct Ends {
    pub committer: CommitterEnd,
    /// Closed when the world's thread is gone, however it went.
    pub world: oneshot::Receiver<()>,
    pub mqtt: JoinHandle<()>,
}

impl Ends {
    /// Waits for the first part to end and says which and why.
    pub async fn first(self) -> anyhow::Error {
        let ended: Result<()> = async {
            tokio::select! {
                // A failed write takes others with it: it is the reason to be told.
                biased;
                end = self.committer => match end {
                    Ok(Err(e)) => Err(e).context("the store cannot be written"),
                    Ok(Ok(())) => bail!("the committer ended"),
                    Err(_) => bail!("the committer panicked"),
                },
                _ = self.world => bail!("the world ended"),
                end = self.mqtt => match end {
                    Ok(()) => bail!("MQTT ended"),
                    Err(e) => Err(e).context("MQTT ended badly"),
                },
            }
        }
        .await;
        match ended {
            Err(e) => e,
            Ok(()) => anyhow::anyhow!("a part ended"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store_before::StoreError;

    #[tokio::test]
    async fn the_first_part_to_end_is_told() {
        for failed in ["committer", "world", "mqtt"] {
            let (committer, committer_end) = oneshot::channel();
            let (world, world_end) = oneshot::channel();
            let mqtt = tokio::spawn(std::future::pending());
            if failed == "mqtt" {
                mqtt.abort();
            }
            let ends = Ends {
                committer: committer_end,
                world: world_end,
                mqtt,
            };
            let mut held = (Some(committer), Some(world));
            match failed {
                "committer" => {
                    let told = held.0.take().expect("not yet told");
                    let poisoned = StoreError::Engine(fjall::Error::Poisoned);
                    told.send(Err(poisoned)).expect("somebody listens");
                }
                "world" => drop(held.1.take()),
                _ => {}
            }
            let reason = format!("{:#}", ends.first().await);
            let expected = match failed {
                "committer" => "the store cannot be written",
                "world" => "the world ended",
                _ => "MQTT ended",
            };
            assert!(reason.starts_with(expected), "{failed}: {reason}");
        }
    }
}
