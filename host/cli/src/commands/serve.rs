//! `watchbox serve`: the server.

use std::{fs, io, path::Path, sync::Arc};

use anyhow::Context;
use tracing_subscriber::EnvFilter;
use watchbox_server::{App, Config, Listener, Tls};

use crate::{
    args::{self, LogFormat},
    core_dumps, data_folder,
    exit::{Exit, Usage},
    output::{Look, Output},
    stop_signal::stop_signal,
};

/// The variable that says what of the server's log is written.
const LOG: &str = "WATCHBOX_LOG";

/// Serves until SIGTERM or Ctrl-C.
pub async fn serve(args: args::Serve, output: &Output) -> anyhow::Result<Exit> {
    let config = config(&args)?;
    start_log(args.log_format, output.remarks_look())?;
    if !config.core_dumps {
        core_dumps::prevent();
    }
    let stopped = stop_signal()?;
    let data = config.data.clone();
    let listener = Listener::bind(&config).await?;
    if let Some(tls) = listener.tls() {
        look_on_hangup(Arc::clone(tls))?;
    }
    let app = App::open(config)
        .await
        .with_context(|| format!("the server over {} can't be opened", data.display()))?;
    // Tests, and whoever lets port 0 choose, read the address from this line: it stays as it is.
    output.text(&format!(
        "watchbox {} listening on {}",
        env!("CARGO_PKG_VERSION"),
        listener.url()
    ))?;
    watchbox_server::serve(app, listener, stopped).await;
    Ok(Exit::Done)
}

/// The settings: the file's, and before them those of the command line.
fn config(args: &args::Serve) -> anyhow::Result<Config> {
    let (mut config, says_data) = match &args.config {
        Some(file) => read(file)?,
        None => (Config::default(), false),
    };
    match &args.data {
        Some(data) => config.data.clone_from(data),
        None if !says_data => config.data = data_folder::default()?,
        None => {}
    }
    if let Some(listen) = args.listen {
        config.listen = listen;
    }
    config.allow_plain_http |= args.allow_plain_http;
    if let Some(folder) = &args.artifacts_folder {
        config.artifacts_folder = Some(folder.clone());
    }
    Ok(config)
}

/// The settings in `file`, and whether it says where the data folder is.
fn read(file: &Path) -> anyhow::Result<(Config, bool)> {
    let name = file.display();
    let text =
        fs::read_to_string(file).with_context(|| format!("the settings {name} can't be read"))?;
    let wrong = || format!("the settings in {name} are wrong");
    let config = serde_saphyr::from_str(&text).with_context(wrong)?;
    let any: serde_json::Value = serde_saphyr::from_str(&text).with_context(wrong)?;
    Ok((config, any.get("data").is_some()))
}

/// Starts the server's own log, on stderr.
fn start_log(format: LogFormat, look: Look) -> anyhow::Result<()> {
    let wanted = std::env::var(LOG).unwrap_or_else(|_| "info".to_owned());
    let filter = EnvFilter::try_new(&wanted).map_err(|error| {
        Usage(format!(
            "{LOG}={wanted} says nothing that can be logged: {error}"
        ))
    })?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    let started = match format {
        LogFormat::Text => log.with_ansi(look.color).try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("the log can't be started: {error}"))
}

/// Has the files of `tls` looked at on SIGHUP, which else would end the program.
fn look_on_hangup(tls: Arc<Tls>) -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut hangups = signal(SignalKind::hangup()).context("SIGHUP can't be waited for")?;
        tokio::spawn(async move {
            while hangups.recv().await.is_some() {
                let tls = Arc::clone(&tls);
                // It reads files; what comes of it is told in the log.
                let _ = tokio::task::spawn_blocking(move || tls.look()).await;
            }
        });
    }
    #[cfg(not(unix))]
    drop(tls);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn args(text: &str) -> (args::Serve, tempfile::NamedTempFile) {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        let args = args::Serve {
            data: None,
            listen: None,
            artifacts_folder: None,
            allow_plain_http: false,
            config: Some(file.path().to_owned()),
            log_format: LogFormat::Text,
        };
        (args, file)
    }

    #[test]
    fn the_command_line_goes_before_the_file() {
        let (mut args, _file) =
            args("data: /from/file\nlisten: 127.0.0.1:1\nstore: { keep_days: 3 }\n");
        assert_eq!(config(&args).unwrap().data, PathBuf::from("/from/file"));
        args.data = Some("/from/line".into());
        args.listen = Some("127.0.0.1:2".parse().unwrap());
        let config = config(&args).unwrap();
        assert_eq!(config.data, PathBuf::from("/from/line"));
        assert_eq!(config.listen.port(), 2);
        assert_eq!(config.store.keep_days, Some(3));
    }

    #[test]
    fn a_wrong_setting_is_told_with_its_file() {
        let (args, file) = args("datta: /x\n");
        let error = format!("{:#}", config(&args).unwrap_err());
        assert!(
            error.contains(&file.path().display().to_string()),
            "{error}"
        );
        assert!(error.contains("datta"), "{error}");
    }
}
