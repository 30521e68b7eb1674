//! How MQTT 5 tells a client why its connection ends (3.14). Pure.
//!
//! MQTT 3.1.1 has no such word: there the line just ends.

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Farewell(u8);

impl Farewell {
    pub const MALFORMED: Self = Self(0x81);
    pub const PROTOCOL: Self = Self(0x82);
    /// What he asked for is not for him.
    pub const NOT_AUTHORIZED: Self = Self(0x87);
    pub const SILENT: Self = Self(0x8d);
    /// Another connection came under his name.
    pub const TAKEN_OVER: Self = Self(0x8e);
    pub const TOPIC_NAME: Self = Self(0x90);
    pub const TOPIC_ALIAS: Self = Self(0x94);
    pub const TOO_LARGE: Self = Self(0x95);
    /// He was revoked, or enrolled anew.
    pub const ADMINISTRATIVE: Self = Self(0x98);
    pub const RETAIN: Self = Self(0x9a);

    /// By a reason code that is one of DISCONNECT.
    #[must_use]
    pub const fn of(code: u8) -> Self {
        Self(code)
    }

    /// The packet: DISCONNECT with the code and no properties.
    #[must_use]
    pub const fn packet(self) -> [u8; 4] {
        [0xe0, 2, self.0, 0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_farewell_is_a_disconnect_with_its_code() {
        assert_eq!(Farewell::TOPIC_ALIAS.packet(), [0xe0, 2, 0x94, 0]);
    }
}
