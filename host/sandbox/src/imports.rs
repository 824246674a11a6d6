//! Every import that the host serves, in one table, which is also what links them: nothing can be served and not stand here.

use wasmtime::component::{HasData, HasSelf, Linker, ResourceTable};
use wasmtime_wasi::{
    cli::{WasiCli, WasiCliView as _},
    clocks::{WasiClocks, WasiClocksView as _},
    filesystem::{WasiFilesystem, WasiFilesystemView as _},
    p2::bindings as wasi,
    random::{WasiRandom, WasiRandomView as _},
    sockets::{WasiSockets, WasiSocketsView as _},
};
use wasmtime_wasi_http::{WasiHttp, WasiHttpView as _, p2::bindings::http};
use wasmtime_wasi_io::bindings::wasi::io;
use watchbox_model::Capability;

use crate::{
    bindings::watchbox::artifact,
    capabilities::http::{HANDLER, link_handler},
    guest::Guest,
    inspect::ImportClass,
};

/// What an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// A capability: each call is decided by the grants. (`wasi:http/types` puts requests together that lead nowhere but through the
    /// handler, which is gated; what imports it is there for requests all the same.)
    Gated(Capability),
    /// What others are made of; by itself it reaches nothing.
    Plumbing,
    /// Served so that the component links, and backed by nothing.
    Inert,
}

/// One interface, and how it is linked.
pub(crate) struct Served {
    /// Package and interface.
    pub(crate) name: &'static str,
    /// The newest version served. Earlier ones that are compatible are served by the same.
    pub(crate) version: &'static str,
    pub(crate) class: Class,
    link: fn(&mut Linker<Guest>) -> wasmtime::Result<()>,
}

const CONTRACT: &str = "0.1.0";
const WASI: &str = "0.2.12";

/// The table.
pub(crate) static SERVED: &[Served] = &[
    gated("watchbox:artifact/clients", Capability::Clients, |l| {
        artifact::clients::add_to_linker::<Guest, HasSelf<Guest>>(l, |guest| guest)
    }),
    gated("watchbox:artifact/labels", Capability::Labels, |l| {
        artifact::labels::add_to_linker::<Guest, HasSelf<Guest>>(l, |guest| guest)
    }),
    gated("watchbox:artifact/http", Capability::Http, |l| {
        artifact::http::add_to_linker::<Guest, HasSelf<Guest>>(l, |guest| guest)
    }),
    gated("watchbox:artifact/mail", Capability::Mail, |l| {
        artifact::mail::add_to_linker::<Guest, HasSelf<Guest>>(l, |guest| guest)
    }),
    gated("watchbox:artifact/state", Capability::State, |l| {
        artifact::state::add_to_linker::<Guest, HasSelf<Guest>>(l, |guest| guest)
    }),
    gated("watchbox:artifact/log", Capability::Log, |l| {
        artifact::log::add_to_linker::<Guest, HasSelf<Guest>>(l, |guest| guest)
    }),
    gated("watchbox:artifact/clock", Capability::Clock, |l| {
        artifact::clock::add_to_linker::<Guest, HasSelf<Guest>>(l, |guest| guest)
    }),
    wasi_gated(HANDLER, Capability::Http, |l| link_handler(l, WASI)),
    wasi_gated("wasi:http/types", Capability::Http, |l| {
        let options = http::types::LinkOptions::default();
        http::types::add_to_linker::<Guest, WasiHttp>(l, &options, Guest::http)
    }),
    plumbing("wasi:io/error", |l| {
        io::error::add_to_linker::<Guest, HasTable>(l, Guest::table)
    }),
    plumbing("wasi:io/poll", |l| {
        io::poll::add_to_linker::<Guest, HasTable>(l, Guest::table)
    }),
    plumbing("wasi:io/streams", |l| {
        io::streams::add_to_linker::<Guest, HasTable>(l, Guest::table)
    }),
    inert("wasi:cli/environment", |l| {
        wasi::cli::environment::add_to_linker::<Guest, WasiCli>(l, Guest::cli)
    }),
    inert("wasi:cli/exit", |l| {
        wasi::cli::exit::add_to_linker::<Guest, WasiCli>(l, Guest::cli)
    }),
    inert("wasi:cli/stdin", |l| {
        wasi::cli::stdin::add_to_linker::<Guest, WasiCli>(l, Guest::cli)
    }),
    inert("wasi:cli/stdout", |l| {
        wasi::cli::stdout::add_to_linker::<Guest, WasiCli>(l, Guest::cli)
    }),
    inert("wasi:cli/stderr", |l| {
        wasi::cli::stderr::add_to_linker::<Guest, WasiCli>(l, Guest::cli)
    }),
    inert("wasi:cli/terminal-input", |l| {
        wasi::cli::terminal_input::add_to_linker::<Guest, WasiCli>(l, Guest::cli)
    }),
    inert("wasi:cli/terminal-output", |l| {
        wasi::cli::terminal_output::add_to_linker::<Guest, WasiCli>(l, Guest::cli)
    }),
    inert("wasi:cli/terminal-stdin", |l| {
        wasi::cli::terminal_stdin::add_to_linker::<Guest, WasiCli>(l, Guest::cli)
    }),
    inert("wasi:cli/terminal-stdout", |l| {
        wasi::cli::terminal_stdout::add_to_linker::<Guest, WasiCli>(l, Guest::cli)
    }),
    inert("wasi:cli/terminal-stderr", |l| {
        wasi::cli::terminal_stderr::add_to_linker::<Guest, WasiCli>(l, Guest::cli)
    }),
    inert("wasi:clocks/wall-clock", |l| {
        wasi::clocks::wall_clock::add_to_linker::<Guest, WasiClocks>(l, Guest::clocks)
    }),
    inert("wasi:clocks/monotonic-clock", |l| {
        wasi::clocks::monotonic_clock::add_to_linker::<Guest, WasiClocks>(l, Guest::clocks)
    }),
    inert("wasi:random/random", |l| {
        wasi::random::random::add_to_linker::<Guest, WasiRandom>(l, Guest::random)
    }),
    inert("wasi:random/insecure", |l| {
        wasi::random::insecure::add_to_linker::<Guest, WasiRandom>(l, Guest::random)
    }),
    inert("wasi:random/insecure-seed", |l| {
        wasi::random::insecure_seed::add_to_linker::<Guest, WasiRandom>(l, Guest::random)
    }),
    inert("wasi:filesystem/types", |l| {
        wasi::filesystem::types::add_to_linker::<Guest, WasiFilesystem>(l, Guest::filesystem)
    }),
    inert("wasi:filesystem/preopens", |l| {
        wasi::filesystem::preopens::add_to_linker::<Guest, WasiFilesystem>(l, Guest::filesystem)
    }),
    inert("wasi:sockets/network", |l| {
        let options = wasi::sockets::network::LinkOptions::default();
        wasi::sockets::network::add_to_linker::<Guest, WasiSockets>(l, &options, Guest::sockets)
    }),
    inert("wasi:sockets/instance-network", |l| {
        wasi::sockets::instance_network::add_to_linker::<Guest, WasiSockets>(l, Guest::sockets)
    }),
    inert("wasi:sockets/ip-name-lookup", |l| {
        wasi::sockets::ip_name_lookup::add_to_linker::<Guest, WasiSockets>(l, Guest::sockets)
    }),
    inert("wasi:sockets/tcp", |l| {
        wasi::sockets::tcp::add_to_linker::<Guest, WasiSockets>(l, Guest::sockets)
    }),
    inert("wasi:sockets/tcp-create-socket", |l| {
        wasi::sockets::tcp_create_socket::add_to_linker::<Guest, WasiSockets>(l, Guest::sockets)
    }),
    inert("wasi:sockets/udp", |l| {
        wasi::sockets::udp::add_to_linker::<Guest, WasiSockets>(l, Guest::sockets)
    }),
    inert("wasi:sockets/udp-create-socket", |l| {
        wasi::sockets::udp_create_socket::add_to_linker::<Guest, WasiSockets>(l, Guest::sockets)
    }),
];

type Link = fn(&mut Linker<Guest>) -> wasmtime::Result<()>;

const fn gated(name: &'static str, capability: Capability, link: Link) -> Served {
    Served {
        name,
        version: CONTRACT,
        class: Class::Gated(capability),
        link,
    }
}

const fn wasi_gated(name: &'static str, capability: Capability, link: Link) -> Served {
    Served {
        version: WASI,
        ..gated(name, capability, link)
    }
}

const fn plumbing(name: &'static str, link: Link) -> Served {
    Served {
        name,
        version: WASI,
        class: Class::Plumbing,
        link,
    }
}

const fn inert(name: &'static str, link: Link) -> Served {
    Served {
        name,
        version: WASI,
        class: Class::Inert,
        link,
    }
}

/// The streams and pollables of a guest.
struct HasTable;

impl HasData for HasTable {
    type Data<'a> = &'a mut ResourceTable;
}

/// A linker with everything in the table.
pub(crate) fn link(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    for served in SERVED {
        (served.link)(&mut linker)?;
    }
    Ok(linker)
}

/// What the import `name` (with its version, as a component writes it) is to us.
pub(crate) fn class(name: &str) -> ImportClass {
    match find(name).map(|served| served.class) {
        Some(Class::Gated(capability)) => ImportClass::Gated(capability),
        Some(Class::Plumbing | Class::Inert) => ImportClass::Inert,
        None => ImportClass::Unknown,
    }
}

fn find(name: &str) -> Option<&'static Served> {
    let (interface, version) = name.split_once('@')?;
    SERVED
        .iter()
        .find(|served| served.name == interface && compatible(served.version, version))
}

/// Whether a host that serves `served` serves `wanted`: the same major version, or before 1.0 the same minor one.
/// The rule is wasmtime's; whether each function is there and of the right type is checked when the component is linked.
pub(crate) fn compatible(served: &str, wanted: &str) -> bool {
    let track = |text: &str| {
        let version = semver::Version::parse(text).ok()?;
        let track = match (version.major, version.minor) {
            (0, 0) => return None,
            (0, minor) => (0, minor),
            (major, _) => (major, 0),
        };
        version.pre.is_empty().then_some(track)
    };
    served == wanted || track(served).is_some_and(|mine| track(wanted) == Some(mine))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_contracts_world_and_the_table_name_the_same_capabilities() {
        let mut resolve = wit_parser::Resolve::default();
        let (package, _) = resolve
            .push_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit"))
            .unwrap();
        let world = resolve.packages[package].worlds["artifact"];
        let imported: BTreeSet<String> = resolve.worlds[world]
            .imports
            .keys()
            .map(|key| resolve.name_world_key(key))
            .collect();
        let gated: BTreeSet<String> = SERVED
            .iter()
            .filter(|served| matches!(served.class, Class::Gated(_)))
            .filter(|served| !served.name.starts_with("wasi:http/"))
            .map(|served| format!("{}@{}", served.name, served.version))
            .collect();
        assert_eq!(imported, gated);
        let capabilities: BTreeSet<Capability> = SERVED
            .iter()
            .filter_map(|served| match served.class {
                Class::Gated(capability) if served.name.starts_with("wasi:http/") => {
                    assert_eq!(capability, Capability::Http);
                    None
                }
                Class::Gated(capability) => {
                    assert_eq!(served.name, format!("watchbox:artifact/{capability}"));
                    Some(capability)
                }
                _ => None,
            })
            .collect();
        assert_eq!(capabilities, Capability::ALL.into());
    }

    #[test]
    fn every_import_stands_in_the_table_once_and_links() {
        let names: BTreeSet<&str> = SERVED.iter().map(|served| served.name).collect();
        assert_eq!(names.len(), SERVED.len());
        let engine = crate::engine::engine(&crate::SandboxConfig::default()).unwrap();
        link(&engine).unwrap();
    }

    /// Names that a component might ask for: what is in the table, and what else there is of WASI, in its versions; preview 1; what a host might serve by
    /// accident.
    fn names() -> Vec<String> {
        let others = [
            "watchbox:artifact/handler@0.1.0",
            "watchbox:artifact/mail@0.2.0",
            "watchbox:artifact/http@0.2.0",
            "watchbox:artifact/http@1.0.0",
            "wasi:http/incoming-handler@0.2.12",
            "wasi:http/outgoing-handler@0.3.0",
            "wasi:http/handler@0.3.0",
            "wasi:http/client@0.3.0",
            "wasi:cli/run@0.2.12",
            "wasi:cli/stdio@0.2.12",
            "wasi:cli/environment@0.3.0",
            "wasi:clocks/timezone@0.2.12",
            "wasi:filesystem/types@0.3.0",
            "wasi:sockets/types@0.3.0",
            "wasi:sockets/tcp@0.3.0",
            "wasi:tls/types@0.2.0-draft",
            "wasi:config/store@0.2.0-draft",
            "wasi:config/store@0.2.0",
            "wasi:keyvalue/store@0.2.0-draft",
            "wasi:keyvalue/store@0.2.0",
            "wasi:blobstore/blobstore@0.2.0",
            "wasi:messaging/producer@0.2.0",
            "wasi:nn/graph@0.2.0",
            "wasi:logging/logging@0.1.0",
            "wasi:logging/logging",
            "wasi:threads/thread@0.2.0",
        ];
        let served = SERVED.iter().flat_map(|served| {
            [
                format!("{}@{}", served.name, served.version),
                served.name.to_owned(),
            ]
        });
        let mut names: Vec<String> = served.collect();
        names.extend(others.map(str::to_owned));
        names
    }

    /// Which of `names` a linker has something by.
    fn had<'n>(linker: &Linker<Guest>, names: &'n [String]) -> Vec<&'n str> {
        let has = |name: &&str| {
            // What is there can't be put there again.
            let again = linker.clone().root().func_wrap(name, |_, (): ()| Ok(()));
            again.is_err()
        };
        names.iter().map(String::as_str).filter(has).collect()
    }

    #[test]
    fn nothing_is_served_that_is_not_classed_and_each_line_serves_its_own_import_alone() {
        let engine = crate::engine::engine(&crate::SandboxConfig::default()).unwrap();
        let names = names();
        let classed: Vec<&str> = names
            .iter()
            .map(String::as_str)
            .filter(|name| class(name) != ImportClass::Unknown)
            .collect();
        assert_eq!(classed.len(), SERVED.len());
        assert_eq!(had(&link(&engine).unwrap(), &names), classed);
        for line in SERVED {
            let mut linker = Linker::new(&engine);
            (line.link)(&mut linker).unwrap();
            let own = format!("{}@{}", line.name, line.version);
            assert_eq!(had(&linker, &names), [own]);
        }
    }

    #[test]
    fn nothing_is_served_at_the_root() {
        let engine = crate::engine::engine(&crate::SandboxConfig::default()).unwrap();
        let linker = link(&engine).unwrap();
        for (what, text) in [
            ("a function", "(component (import \"now\" (func)))"),
            ("a module", "(component (import \"env\" (core module)))"),
            (
                "a function of an instance",
                "(component (import \"env\" (instance (export \"f\" (func)))))",
            ),
            ("a type", "(component (import \"t\" (type (sub resource))))"),
        ] {
            let component = wasmtime::component::Component::new(&engine, text).unwrap();
            assert!(linker.instantiate_pre(&component).is_err(), "{what}");
        }
    }

    #[test]
    fn what_reaches_beyond_the_sandbox_is_gated_or_inert() {
        let list = |class: fn(&Class) -> bool| {
            let of = SERVED.iter().filter(|served| class(&served.class));
            of.map(|served| served.name).collect::<Vec<_>>().join(" ")
        };
        insta::assert_snapshot!(list(|class| matches!(class, Class::Gated(_))), @"watchbox:artifact/clients watchbox:artifact/labels watchbox:artifact/http watchbox:artifact/mail watchbox:artifact/state watchbox:artifact/log watchbox:artifact/clock wasi:http/outgoing-handler wasi:http/types");
        insta::assert_snapshot!(list(|class| *class == Class::Plumbing), @"wasi:io/error wasi:io/poll wasi:io/streams");
        assert!(
            SERVED
                .iter()
                .all(|served| served.class != Class::Inert || served.name.starts_with("wasi:"))
        );
    }

    #[test]
    fn versions_of_one_track_are_served() {
        assert_eq!(
            class("watchbox:artifact/http@0.1.0"),
            ImportClass::Gated(Capability::Http)
        );
        assert_eq!(
            class("watchbox:artifact/http@0.1.7"),
            ImportClass::Gated(Capability::Http)
        );
        assert_eq!(class("wasi:cli/stdout@0.2.3"), ImportClass::Inert);
        assert_eq!(
            class("wasi:http/outgoing-handler@0.2.0"),
            ImportClass::Gated(Capability::Http)
        );
        for unknown in [
            "watchbox:artifact/http@0.2.0",
            "watchbox:artifact/http",
            "watchbox:artifact/handler@0.1.0",
            "wasi:cli/stdout@0.3.0",
            "wasi:http/incoming-handler@0.2.0",
            "wasi:http/outgoing-handler@0.3.0",
            "wasi:cli/stdout@0.2.3-rc1",
            "http@0.1.0",
            "",
        ] {
            assert_eq!(class(unknown), ImportClass::Unknown, "{unknown}");
        }
    }
}
