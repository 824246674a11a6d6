use super::*;

fn spec(name: &str, kind: ParameterType) -> ParameterSpec {
    ParameterSpec {
        name: name.to_owned(),
        kind,
        default: None,
        description: String::new(),
    }
}

fn read(parameters: &[&str], secrets: &[&str]) -> anyhow::Result<Settings> {
    let specs = [
        spec("Label", ParameterType::String),
        spec("token_url", ParameterType::Secret),
    ];
    let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
    let written = args::Settings {
        parameters: texts(parameters),
        secrets: texts(secrets),
        grants: None,
    };
    Settings::read(&written, Some(&specs))
}

#[test]
fn a_value_may_hold_anything() {
    let settings = read(&["Label=a=b c"], &[]).unwrap();
    assert_eq!(settings.parameters["Label"], Value::from("a=b c"));
}

#[test]
fn a_secret_comes_from_a_file_without_its_line_end() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "https://hook\r\n").unwrap();
    let source = format!("token_url=@{}", file.path().display());
    let settings = read(&[], &[&source]).unwrap();
    assert_eq!(settings.secrets["token_url"].reveal(), "https://hook");
}

#[test]
fn a_secret_in_the_open_is_refused_and_not_shown() {
    for (parameters, secrets) in [
        (vec![], vec!["token_url=hunter2"]),
        (vec!["token_url=hunter2"], vec![]),
    ] {
        let error = read(&parameters, &secrets).unwrap_err();
        assert!(error.is::<Usage>());
        let text = format!("{error:#}");
        assert!(text.contains("--secret token_url=@FILE"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn what_makes_no_sense_is_told_without_its_value() {
    for (parameters, secrets, wanted) in [
        (vec!["=hunter2"], vec![], "wants NAME=VALUE"),
        (vec!["hunter2"], vec![], "wants NAME=VALUE"),
        (vec![], vec!["hunter2"], "wants NAME=VALUE"),
        (vec![], vec!["Label=@x"], "`Label` is no secret"),
        (vec!["Label=1", "Label=2"], vec![], "given twice"),
        (
            vec![],
            vec!["token_url=env:WATCHBOX_NO_SUCH"],
            "has no text",
        ),
        (vec![], vec!["token_url=@/no/such/file"], "/no/such/file"),
    ] {
        let text = format!("{:#}", read(&parameters, &secrets).unwrap_err());
        assert!(text.contains(wanted), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn what_must_be_given_is_told_with_its_option() {
    let specs = [
        spec("Label", ParameterType::String),
        spec("token_url", ParameterType::Secret),
    ];
    let missing = |settings: &Settings| settings.complete(&specs).unwrap_err().to_string();
    let mut settings = Settings::default();
    let text = missing(&settings);
    assert!(text.contains("--param Label=VALUE"), "{text}");
    settings.parameters.insert("Label".to_owned(), Value::Null);
    let text = missing(&settings);
    assert!(text.contains("--secret token_url=@FILE"), "{text}");
    let secret = Secret::new("x");
    settings.secrets.insert("token_url".to_owned(), secret);
    assert!(settings.complete(&specs).is_ok());
}

#[test]
fn an_empty_secret_is_a_mistake() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let source = format!("token_url=@{}", file.path().display());
    let text = format!("{:#}", read(&[], &[&source]).unwrap_err());
    assert!(text.contains("is empty"), "{text}");
}

#[test]
fn grants_are_read_and_their_errors_name_the_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "log: true\nnonsense: 1\n").unwrap();
    let written = args::Settings {
        grants: Some(file.path().to_owned()),
        ..args::Settings::default()
    };
    let text = format!("{:#}", Settings::read(&written, None).unwrap_err());
    assert!(
        text.contains("nonsense") && text.contains(&file.path().display().to_string()),
        "{text}"
    );
    fs::write(file.path(), "log: true\n").unwrap();
    assert!(Settings::read(&written, None).unwrap().grants.unwrap().log);
}
