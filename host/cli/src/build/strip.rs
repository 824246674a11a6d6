//! Takes out of a component what does not run: names for debuggers, notes of toolchains.

use anyhow::Context as _;
use wasm_encoder::{Component, ComponentSectionId, Encode as _, Module, RawSection, Section as _};
use wasmparser::{Encoding, Parser, Payload};

/// The component without any custom section, in itself or in what it is made of.
pub(super) fn strip(component: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut output = Vec::with_capacity(component.len());
    // Of each component that another one stands in, what is written of it so far.
    let mut around = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.context("the toolchain made a component that can't be read")?;
        match payload {
            Payload::Version {
                encoding: Encoding::Component,
                ..
            } => output.extend_from_slice(&Component::HEADER),
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } => output.extend_from_slice(&Module::HEADER),
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                around.push(std::mem::take(&mut output))
            }
            Payload::End(_) => {
                let Some(mut outer) = around.pop() else { break };
                let id = if output.starts_with(&Component::HEADER) {
                    ComponentSectionId::Component
                } else {
                    ComponentSectionId::CoreModule
                };
                outer.push(id as u8);
                output.encode(&mut outer);
                output = outer;
            }
            Payload::CustomSection(_) => {}
            other => {
                if let Some((id, range)) = other.as_section() {
                    let (start, end) = (usize::try_from(range.start)?, usize::try_from(range.end)?);
                    let data = &component[start..end];
                    RawSection { id, data }.append_to(&mut output);
                }
            }
        }
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_sections_go_at_every_depth_and_the_rest_stays() {
        let text = |custom: &str| {
            format!(
                r#"(component {custom}
                    (core module $m (func $named (export "f") (result i32) i32.const 7) {custom})
                    (component (core module {custom}) (type u8))
                    (core instance (instantiate $m)))"#
            )
        };
        let plain = wat::parse_str(text("")).unwrap();
        let noted = wat::parse_str(text(r#"(@custom "note" "text")"#)).unwrap();
        let stripped = strip(&noted).unwrap();
        assert_eq!(stripped, strip(&plain).unwrap());
        assert!(stripped.len() < noted.len());
        wasmparser::validate(&stripped).unwrap();
        assert!(!stripped.windows(5).any(|window| window == b"named"));
    }
}
