//! Artifacts in JavaScript and TypeScript: esbuild makes one module of the source, and an engine takes a snapshot of itself with that
//! module loaded: QuickJS, or SpiderMonkey where `package.json` says so.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};
use serde::Deserialize;

use super::{
    contract::{Contract, WORLD},
    places,
    tool::{self, Tool},
};

const ESBUILD: Tool = Tool {
    names: &["esbuild"],
    install: "npm install --save-dev esbuild@0.28.2",
};

const QUICKJS: Tool = Tool {
    names: &["componentize-qjs"],
    install: "npm install --save-dev componentize-qjs@0.4.5",
};

const SPIDERMONKEY: Tool = Tool {
    names: &["componentize-js"],
    install: "npm install --save-dev @bytecodealliance/componentize-js@0.23.0 @bytecodealliance/preview2-shim@0.17.2",
};

/// What SpiderMonkey brings along of WASI unless it is told not to.
const WASI_OF_SPIDERMONKEY: [&str; 5] = ["stdio", "random", "clocks", "http", "fetch-event"];

/// What is read of `package.json`.
#[derive(Deserialize)]
struct Package {
    /// The module that exports the artifact.
    #[serde(default = "app")]
    main: String,
    #[serde(default)]
    watchbox: Settings,
    /// The tools that `npm install` fetches.
    #[serde(default, rename = "devDependencies")]
    tools: BTreeMap<String, String>,
}

impl Package {
    /// Where a tool is; the command that installs it is short where the package names it.
    fn find(&self, tool: Tool, programs: &[PathBuf], dir: &Path) -> anyhow::Result<PathBuf> {
        tool.find(programs).map_err(|error| {
            let named = tool.names.iter().any(|name| self.tools.contains_key(*name));
            match named {
                true => tool::missing(tool.names[0], &format!("npm install, in {}", dir.display())),
                false => error,
            }
        })
    }
}

fn app() -> String {
    "app.js".to_owned()
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(default)]
    engine: Engine,
}

/// What runs the artifact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Engine {
    /// Small, built and started in no time.
    #[default]
    QuickJs,
    /// Several times the size, and faster with large batches.
    SpiderMonkey,
}

/// Builds the artifact in `dir`.
pub(super) fn build(dir: &Path, contract: &Contract) -> anyhow::Result<Vec<u8>> {
    let file = dir.join("package.json");
    let text =
        fs::read_to_string(&file).with_context(|| format!("can't read {}", file.display()))?;
    let package: Package = serde_json::from_str(&text)
        .with_context(|| format!("{} is not as wanted", file.display()))?;
    // As npm does it: the folder's own tools, then those of the folders around it.
    let programs: Vec<PathBuf> = dir
        .ancestors()
        .map(|folder| folder.join("node_modules/.bin"))
        .collect();
    let esbuild = package.find(ESBUILD, &programs, dir)?;
    let bundle = bundle(dir, &package.main, contract, &esbuild)?;
    let out = contract.work().join("component.wasm");
    let mut command = match package.watchbox.engine {
        Engine::QuickJs => {
            let mut command = Command::new(package.find(QUICKJS, &programs, dir)?);
            command
                .args(["--sync", "--stub-wasi", "--world", WORLD, "--wit"])
                .arg(contract.wit())
                .arg("--js")
                .arg(&bundle)
                .arg("--output")
                .arg(&out);
            command
        }
        Engine::SpiderMonkey => {
            let mut command = Command::new(package.find(SPIDERMONKEY, &programs, dir)?);
            command
                .arg(&bundle)
                .arg("--wit")
                .arg(contract.wit())
                .args(["--world-name", WORLD, "--out"])
                .arg(&out)
                .arg("--disable")
                .args(WASI_OF_SPIDERMONKEY);
            command
        }
    };
    tool::run(
        &mut command,
        contract.work(),
        &format!("make a component of {}", package.main),
    )?;
    fs::read(&out).with_context(|| format!("can't read {}", out.display()))
}

/// Makes one module of the artifact, the SDK and what the manifest declares; gives its path. Behind it stands a table that tells where its lines come
/// from, so that an exception names the author's file and line.
fn bundle(dir: &Path, main: &str, contract: &Contract, esbuild: &Path) -> anyhow::Result<PathBuf> {
    let out = contract.work().join("artifact.js");
    let mut child = Command::new(esbuild)
        .args([
            "--bundle",
            "--format=esm",
            "--platform=neutral",
            "--main-fields=module,main",
            "--charset=utf8",
        ])
        .args([
            "--external:watchbox:*",
            "--sourcemap=external",
            "--sources-content=false",
            "--log-level=warning",
        ])
        .arg(format!("--outfile={}", out.display()))
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(std::io::stderr())
        .spawn()
        .context("can't run esbuild")?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(entry(main, contract)?.as_bytes())?;
    }
    if !child.wait()?.success() {
        bail!(
            "esbuild could not put {main} and what it imports together; where it does not find `watchbox-sdk`: npm install, in {}",
            dir.display()
        );
    }
    let map =
        fs::read_to_string(out.with_extension("js.map")).context("esbuild wrote no source map")?;
    let table = places::table(&map, contract.work(), dir)?;
    let mut file = fs::OpenOptions::new().append(true).open(&out)?;
    file.write_all(table.as_bytes())?;
    Ok(out)
}

/// The module that the host calls.
fn entry(main: &str, contract: &Contract) -> anyhow::Result<String> {
    let main = serde_json::to_string(&format!("./{}", main.trim_start_matches("./")))?;
    let mut imports = String::new();
    let mut names = Vec::new();
    for (capability, interface) in contract.imports() {
        imports.push_str(&format!("import * as {capability} from \"{interface}\";\n"));
        names.push(capability.as_str());
    }
    Ok(format!(
        "{imports}import artifact from {main};\nimport {{ handler as make }} from \"watchbox-sdk/component\";\nexport const handler = make(artifact, {{ {} }});\n",
        names.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_package_json_says() {
        let read = |text: &str| serde_json::from_str::<Package>(text);
        let plain = read("{}").unwrap();
        assert_eq!(
            (plain.main.as_str(), plain.watchbox.engine),
            ("app.js", Engine::QuickJs)
        );
        let other =
            read(r#"{"main": "src/app.ts", "watchbox": {"engine": "spidermonkey"}}"#).unwrap();
        assert_eq!(
            (other.main.as_str(), other.watchbox.engine),
            ("src/app.ts", Engine::SpiderMonkey)
        );
        let tools = read(r#"{"devDependencies": {"no-such-tool": "1"}}"#).unwrap();
        let tool = Tool {
            names: &["no-such-tool"],
            install: "-",
        };
        let missing = tools.find(tool, &[], Path::new("/a")).unwrap_err();
        assert!(
            missing.to_string().ends_with("npm install, in /a"),
            "{missing}"
        );
        assert!(read(r#"{"watchbox": {"engine": "v8"}}"#).is_err());
        assert!(read(r#"{"watchbox": {"motor": "quickjs"}}"#).is_err());
    }
}
