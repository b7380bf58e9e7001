//! What a test or the demo may choose about its cluster.

use std::{
    fmt::{self, Write as _},
    fs::File,
    io::Read as _,
    path::PathBuf,
    time::Duration,
};

use crate::{Error, Result};

/// Somebody who can log in, declared before the start: the API server reads its static tokens only then.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// User name, as in RBAC subjects.
    pub name: String,
    /// Groups besides `system:authenticated`.
    pub groups: Vec<String>,
    /// Bearer token.
    pub token: String,
}

/// How the token of every person begins that is not chosen: one that got where it must not can be found.
pub const TOKEN_MARK: &str = "token-of-a-person-";

/// Without the token.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("name", &self.name).field("groups", &self.groups).finish_non_exhaustive()
    }
}

impl Person {
    /// A person with a random token.
    pub fn new<G: Into<String>>(name: impl Into<String>, groups: impl IntoIterator<Item = G>) -> Self {
        Self {
            name: name.into(),
            groups: groups.into_iter().map(Into::into).collect(),
            token: format!("{TOKEN_MARK}{}", random_token()),
        }
    }

    /// The same person with a chosen token.
    #[must_use]
    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        self.token = token.into();
        self
    }

    /// The line of the token file: token, user, uid, "group,group".
    pub(crate) fn csv(&self) -> Result<String> {
        let refused = |why| Err(Error::Person { name: self.name.clone(), why });
        if self.name.is_empty() || self.token.is_empty() {
            return refused("name and token must not be empty");
        }
        if self.groups.iter().any(|group| group.is_empty() || group.contains(',')) {
            return refused("a group must not be empty or contain a comma");
        }
        if !self.token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return refused("a token has only visible ASCII characters");
        }
        let fields = [&self.token, &self.name, &self.name, &self.groups.join(",")];
        if fields.iter().any(|field| field.chars().any(char::is_control)) {
            return refused("control characters do not fit a token file");
        }
        Ok(fields.map(|field| format!("\"{}\"", field.replace('"', "\"\""))).join(","))
    }
}

/// 128 random bits in hexadecimal.
pub(crate) fn random_token() -> String {
    let mut bytes = [0_u8; 16];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .expect("every system that runs a control plane has a readable /dev/urandom");
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
        text
    })
}

/// Choices about a cluster; the default is what tests want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// People who can log in with a static token.
    pub people: Vec<Person>,
    /// Whether etcd skips fsync. Faster on slow disks, but numbers measured so are worth nothing.
    pub unsafe_no_fsync: bool,
    /// Data folder; a throw-away one if absent.
    pub folder: Option<PathBuf>,
    /// What etcd holds at the start: the folder of a [`Snapshot`](crate::Snapshot); nothing if absent.
    pub store: Option<PathBuf>,
    /// Whether the processes outlive this one, until [`stop_detached`](crate::Cluster::stop_detached); needs `folder`.
    pub detached: bool,
    /// Further flags for the API server.
    pub api_server_flags: Vec<String>,
    /// Further flags for the controller manager.
    pub controller_manager_flags: Vec<String>,
    /// Heap of each component, in MiB, beyond which it collects garbage whatever that costs. A store that outgrows it brings the
    /// API server to a standstill.
    pub heap_mib: u32,
    /// How long each component may take to become ready.
    pub ready_within: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            people: Vec::new(),
            unsafe_no_fsync: false,
            folder: None,
            store: None,
            detached: false,
            api_server_flags: Vec::new(),
            controller_manager_flags: Vec::new(),
            heap_mib: 1500,
            ready_within: Duration::from_secs(60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Login;

    #[test]
    fn what_is_printed_of_a_person_and_a_login_is_who_and_never_the_token() {
        let lan = Person::new("lan", ["g"]);
        assert!(lan.token.starts_with(TOKEN_MARK));
        let person = r#"Person { name: "lan", groups: ["g"], .. }"#;
        let printed =
            [format!("{lan:?}"), format!("{:?}", Login::Person(&lan)), format!("{:?}", Login::Token(&lan.token))];
        assert_eq!(printed, [person.to_owned(), format!("Person({person})"), "Token(..)".to_owned()]);
        let options = format!("{:?}", Options { people: vec![lan.clone()], ..Options::default() });
        assert!(options.contains(person) && !options.contains(TOKEN_MARK), "{options}");
    }
}
