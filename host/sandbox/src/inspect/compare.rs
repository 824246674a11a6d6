//! What a new component could do that an old one could not, read off both. Nothing of either is run.

use std::collections::BTreeSet;

use watchbox_model::{Capability, Difference, difference::Mark};

use super::{ImportClass, Inspection};

impl Inspection {
    /// What `new` has and this one has not, and the other way round, each marked with whether it could do more with it: imports first, then
    /// what the manifests say. Empty where they want the same.
    pub fn differences(&self, new: &Self) -> Vec<Difference> {
        let mut all = self.import_differences(new);
        match (&self.manifest, &new.manifest) {
            (Some(old), Some(now)) => all.extend(old.differences(now)),
            (None, None) => {}
            (old, now) => {
                let shown = |manifest: &Option<_>| match manifest {
                    Some(_) => "one".to_owned(),
                    None => "none that can be read".to_owned(),
                };
                all.push(Difference {
                    // What it declares now was not declared before.
                    mark: if now.is_some() {
                        Mark::Wider
                    } else {
                        Mark::Changed
                    },
                    what: "manifest".to_owned(),
                    old: Some(shown(old)),
                    new: Some(shown(now)),
                });
            }
        }
        all
    }

    fn import_differences(&self, new: &Self) -> Vec<Difference> {
        let names = |side: &Self| -> BTreeSet<String> {
            let imports = side.imports.iter();
            imports.map(|import| import.name.clone()).collect()
        };
        let gated = |side: &Self| -> BTreeSet<Capability> {
            let imports = side.imports.iter();
            let gated = imports.filter_map(|import| match import.class {
                ImportClass::Gated(capability) => Some(capability),
                ImportClass::Inert | ImportClass::Unknown => None,
            });
            gated.collect()
        };
        let marks = |class: ImportClass, others: &BTreeSet<Capability>, mark: Mark| match class {
            // Another version of what is imported already.
            ImportClass::Gated(capability) if others.contains(&capability) => Mark::Changed,
            ImportClass::Gated(_) | ImportClass::Unknown => mark,
            ImportClass::Inert => Mark::Changed,
        };
        let (old_names, new_names) = (names(self), names(new));
        let (old_gated, new_gated) = (gated(self), gated(new));
        let what = |class| match class {
            ImportClass::Gated(_) => "import",
            ImportClass::Inert => "inert import",
            ImportClass::Unknown => "unknown import",
        };
        let gone = self.imports.iter();
        let gone = gone.filter(|import| !new_names.contains(&import.name));
        let gone = gone.map(|import| Difference {
            mark: marks(import.class, &new_gated, Mark::Narrower),
            what: what(import.class).to_owned(),
            old: Some(import.name.clone()),
            new: None,
        });
        let more = new.imports.iter();
        let more = more.filter(|import| !old_names.contains(&import.name));
        let more = more.map(|import| Difference {
            mark: marks(import.class, &old_gated, Mark::Wider),
            what: what(import.class).to_owned(),
            old: None,
            new: Some(import.name.clone()),
        });
        gone.chain(more).collect()
    }
}

#[cfg(test)]
mod tests {
    use watchbox_model::{Digest, Manifest};

    use super::*;
    use crate::{imports, inspect::Import, testing};

    fn inspection(names: &[&str], manifest: Option<&str>) -> Inspection {
        let import = |name: &&str| Import {
            name: (*name).to_owned(),
            class: imports::class(name),
        };
        Inspection {
            digest: Digest::of(b""),
            size: 0,
            manifest: manifest.map(|text| Manifest::parse("m", text).unwrap()),
            manifest_error: None,
            imports: names.iter().map(import).collect(),
            exports: Vec::new(),
        }
    }

    fn told(old: &Inspection, new: &Inspection) -> String {
        let line = |one: &Difference| format!("{} {one}", one.mark.as_str());
        let differences = old.differences(new);
        differences.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn imports_are_weighed_by_what_serves_them() {
        let old = inspection(
            &[
                "watchbox:artifact/http@0.1.0",
                "watchbox:artifact/log@0.1.0",
                "wasi:io/poll@0.2.6",
            ],
            None,
        );
        let new = inspection(
            &[
                "watchbox:artifact/http@0.1.1",
                "watchbox:artifact/state@0.1.0",
                "wasi:io/poll@0.2.9",
                "evil:host/exec",
            ],
            None,
        );
        insta::assert_snapshot!(told(&old, &new), @r"
        changed - import: watchbox:artifact/http@0.1.0
        narrower - import: watchbox:artifact/log@0.1.0
        changed - inert import: wasi:io/poll@0.2.6
        changed + import: watchbox:artifact/http@0.1.1
        wider + import: watchbox:artifact/state@0.1.0
        changed + inert import: wasi:io/poll@0.2.9
        wider + unknown import: evil:host/exec
        ");
        assert_eq!(told(&old, &old), "");
    }

    #[test]
    fn a_manifest_counts_even_where_the_imports_are_the_same() {
        let with = |text: &str| inspection(&["watchbox:artifact/log@0.1.0"], Some(text));
        let old = with(testing::MANIFEST);
        let new = with(&testing::MANIFEST.replace("1.0.0", "1.0.1"));
        assert_eq!(told(&old, &new), "changed ~ version: 1.0.0 -> 1.0.1");
        let without = inspection(&["watchbox:artifact/log@0.1.0"], None);
        assert_eq!(
            told(&old, &without),
            "changed ~ manifest: one -> none that can be read"
        );
        assert_eq!(
            told(&without, &old),
            "wider ~ manifest: none that can be read -> one"
        );
    }
}
