//! What came of cases, as JUnit's XML, which CI servers read.

use std::io::Write;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Played, PlayedTurn, differences};

/// Writes what came of `cases`: each file a suite, each turn a test.
pub fn junit(artifact: &str, cases: &[Played], out: impl Write) -> anyhow::Result<()> {
    let mut report = Report::new(artifact);
    for case in cases {
        let name = case.file.display().to_string();
        let mut suite = TestSuite::new(name.as_str());
        suite.add_test_cases(case.turns.iter().map(|turn| test(&name, turn)));
        suite.set_time(case.turns.iter().map(|turn| turn.time).sum());
        report.add_test_suite(suite);
    }
    report.set_time(
        cases
            .iter()
            .flat_map(|case| &case.turns)
            .map(|turn| turn.time)
            .sum(),
    );
    Ok(report.serialize(out)?)
}

fn test(file: &str, turn: &PlayedTurn) -> TestCase {
    let status = if turn.differences.is_empty() {
        TestCaseStatus::success()
    } else {
        let parts: Vec<&str> = turn.differences.iter().map(|one| one.part).collect();
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        let text = differences(turn, "");
        status
            .set_message(format!(
                "{file}:{}: not as wanted: {}",
                turn.line,
                parts.join(", ")
            ))
            .set_type("difference")
            .set_description(anstream::adapter::strip_str(&text).to_string());
        status
    };
    let mut test = TestCase::new(turn.name.as_str(), status);
    test.set_classname(file).set_time(turn.time);
    test
}

#[cfg(test)]
mod tests {
    use std::{path::PathBuf, time::Duration};

    use serde_json::json;

    use super::*;
    use crate::cases::Difference;

    #[test]
    fn a_file_is_a_suite_and_a_turn_a_test() {
        let turn = |name: &str, differences| PlayedTurn {
            name: name.to_owned(),
            line: 3,
            differences,
            denials: Vec::new(),
            time: Duration::from_millis(20),
        };
        let differs = Difference {
            part: "failure",
            wanted: json!(null),
            got: json!("<it> broke"),
        };
        let cases = [Played {
            file: PathBuf::from("cases/a.yaml"),
            turns: vec![turn("good", Vec::new()), turn("bad", vec![differs])],
        }];
        let mut xml = Vec::new();
        junit("Server.Test", &cases, &mut xml).unwrap();
        let xml = String::from_utf8(xml).unwrap();
        insta::assert_snapshot!(xml, @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="Server.Test" tests="2" skipped="0" failures="1" errors="0" time="0.040">
            <testsuite name="cases/a.yaml" tests="2" skipped="0" errors="0" failures="1" time="0.040">
                <testcase name="good" classname="cases/a.yaml" time="0.020"/>
                <testcase name="bad" classname="cases/a.yaml" time="0.020">
                    <failure message="cases/a.yaml:3: not as wanted: failure" type="difference">it failed: &lt;it&gt; broke
        </failure>
                </testcase>
            </testsuite>
        </testsuites>
        "#);
    }
}
