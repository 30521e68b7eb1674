//! What a command was given.

/// The arguments without the program's name. A `--` before them is every cargo user's habit (`cargo
/// run -- …`); the aliases of this project have one of their own already.
pub fn given(all: impl Iterator<Item = String>) -> impl Iterator<Item = String> {
    let mut rest = all.skip(1).peekable();
    let _ = rest.next_if(|first| first == "--");
    rest
}

#[cfg(test)]
mod tests {
    use super::given;

    #[test]
    fn two_dashes_before_the_arguments_are_no_argument() {
        let told = |line: &str| given(line.split(' ').map(str::to_owned)).collect::<Vec<_>>();
        assert_eq!(told("verify -- tidy lint"), ["tidy", "lint"]);
        assert_eq!(told("verify tidy"), ["tidy"]);
        assert_eq!(
            told("demo -- --http 127.0.0.1:1"),
            ["--http", "127.0.0.1:1"]
        );
        assert_eq!(told("demo --speed 2 --"), ["--speed", "2", "--"]);
        assert!(told("verify").is_empty() && told("verify --").is_empty());
    }
}
